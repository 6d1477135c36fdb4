"""Multi-hop questions made from a graph's paths: their text, an answer that the graph proves, wrong options that it does not support.

``Which of these drugs targets the protein encoded by a gene that is associated with the disease X?`` The answer is reached from X by exactly
these relations, by no shorter path of the graph, and no other option is: neither by the facts of the graph nor by their broader and narrower
terms. What a graph does not state counts as wrong (closed world).
"""

from kg.questions.make import Drawn, Question, make

__all__ = ["Drawn", "Question", "make"]
