"""What machines read about a dataset folder: croissant.json, made from the manifest, and the papers to cite."""
