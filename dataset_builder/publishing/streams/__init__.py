"""Rows on their way into a dataset folder, batch by batch: however many there are, a few batches are in memory."""
