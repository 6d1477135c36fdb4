"""How probable is it that a path of the graph explains the answer of a question?"""
