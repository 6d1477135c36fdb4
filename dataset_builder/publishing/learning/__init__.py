"""The configs that trainers read beside the rationales: questions to be answered (rl), pairs of texts (preference), labelled steps (steps).

Each row is a function of one published question alone: a merged build has the same rows, and `verify` makes them again.
"""
