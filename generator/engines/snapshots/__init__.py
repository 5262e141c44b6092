"""Snapshot engines: each freezes datasets of one kind for a moment."""
