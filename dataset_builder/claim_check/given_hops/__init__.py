"""Sentences about hops that their writer was given, read by nearness: which of two names and a cue between them belong together.

What a writer was told is likely to be said, so nearness suffices there, and it reads wordings that no grammar of relations foresees
(docs/evidence.md: measured on 1,194 wordings). In a text of which nothing is known beforehand most of what it reads is wrong.
"""
