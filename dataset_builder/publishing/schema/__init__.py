"""What the files of a dataset folder must be before anything is computed from them: manifest, card and parquet files may be a stranger's."""
