"""Calls to language models: a row's requests, and their answers at a limited rate, within a budget, each paid once."""
