"""A dataset on the Hub: its repository, its revisions, and what its errors mean."""
