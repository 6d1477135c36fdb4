"""From a dataset tag to a checkpoint on the Hub: TRL's recipes, the checks before them, the card after them."""
