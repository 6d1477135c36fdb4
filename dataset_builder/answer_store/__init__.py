"""Every model answer, under the hash of its request: the SQLite file, its write queue, and its Parquet form."""
