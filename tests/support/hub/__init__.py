"""A Hugging Face Hub on loopback, for tests and for a first try without an account: what `huggingface_hub`, `datasets` and
`transformers` ask of the real one, over one bare git repository per Hub repository.

Served: who am I; repositories created, deleted, made private; information, trees, references, history; branches and tags;
downloads with ranges; uploads by git-lfs, in parts too where asked for; commits of many files, with the parent checked; the check
of a card's YAML. Not served: Xet (set HF_HUB_DISABLE_XET=1), pull requests, discussions, gated repositories, search and listing of
repositories, the datasets viewer, web pages, pages of a long list, .gitignore, collection of uploads that no commit names.
"""
