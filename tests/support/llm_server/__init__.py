"""A scripted chat-completions server on this machine: HTTP, seeded faults, limits, counters. `python -m tests.llm_server`."""
