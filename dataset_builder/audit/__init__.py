"""Audit a dataset of questions with rationales by the checks of builds, without a build (docs/audit.md)."""
