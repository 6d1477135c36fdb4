"""One HTML page of a dataset folder (page.py): the flow of its questions, distributions, costs, and every row."""
