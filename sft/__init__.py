"""From a dataset tag to a checkpoint on the Hub: TRL recipes, the checks before training, the model card after it."""
