"""Calls of models: the endpoints, what they answer, at what rate and cost. Imported only where a call is made: the SDK takes a second."""
