"""What a dataset folder with the config `reviews` has for its experts' agreement: the files, what the dataset says of the texts, the manifest's entry."""
