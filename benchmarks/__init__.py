"""Measurements against named peers, run by hand."""
