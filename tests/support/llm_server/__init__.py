"""A scripted chat-completions server on this machine: HTTP, files and batches, seeded faults, limits, counters. `python -m tests.llm_server`."""
