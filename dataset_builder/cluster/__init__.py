"""Stages on the processes of a Ray cluster."""
