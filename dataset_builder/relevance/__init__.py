"""How probable is it that a path of the graph is relevant to the answer of a question?"""

from kg.path_facts import DAMPING, NEGATIVE, TREATMENT

__all__ = ["DAMPING", "NEGATIVE", "TREATMENT"]  # which the ranking without relevance weighs too
