"""Snapshots by real engines, on hosts and on the emulated machine."""
