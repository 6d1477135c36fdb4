"""The option that builds one part of a dataset, and the command that merges all parts."""
