"""A Hugging Face Hub on loopback, for tests and for a first try without an account.

It answers the requests of `huggingface_hub`, `datasets` and `transformers`, with one bare git repository per Hub repository.

Supported: who am I; repositories created, deleted, made private; information, trees, references, history; branches and tags;
downloads with ranges; uploads by git-lfs, also in parts; commits of many files, with a check of the parent; the check of a card's
YAML. Not supported: Xet (set HF_HUB_DISABLE_XET=1), pull requests, discussions, gated repositories, search and listing of
repositories, the datasets viewer, web pages, pagination of long lists, .gitignore, deletion of uploads that no commit names.
"""
