"""Faults: what must hold whatever dies, fills up, goes away or lies."""
