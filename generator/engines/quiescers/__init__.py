"""Quiescer engines: each holds writers of one kind still while snapshots are taken."""
