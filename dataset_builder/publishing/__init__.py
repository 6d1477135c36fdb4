"""A dataset folder: written, verified, compared, and pushed to the Hub."""
