"""Targets that stay up in the background, each held by a keeper of its own, for trying things by hand."""
