"""Scores: lighteval tasks for every source with a test split, the outcomes of a run, and the comparison of two runs."""

from kg.guard import end_command_without

end_command_without("lighteval", "torch")
