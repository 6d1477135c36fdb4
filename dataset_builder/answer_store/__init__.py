"""The answer store: every model answer, under the hash of its request. SQLite file, write queue, Parquet export."""
