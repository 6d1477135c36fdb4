"""Public QA datasets: the table of sources (table.py), their raw rows, splits, and the questions made of them."""
