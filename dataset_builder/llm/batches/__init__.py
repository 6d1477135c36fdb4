"""Provider batches: the requests of a stage as files, answered within a day at half the price."""
