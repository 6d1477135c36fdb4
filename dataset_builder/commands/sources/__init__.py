"""Commands on the questions of sources: count them, make those of `kg_questions`."""
