"""Do experts agree with each other, and does the dataset agree with them? Computed from the config `reviews` of a dataset folder."""
