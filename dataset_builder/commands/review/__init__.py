"""The commands about reviews by experts."""
