"""From a dataset tag to a checkpoint on the Hub: TRL recipes, the checks before training, the model card after it."""

from kg.guard import end_command_without

end_command_without("torch", "transformers", "trl", "accelerate")
