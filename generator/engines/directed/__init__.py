"""Directed plans: one moment of a whole fleet, ordered by a director, pulled by stores, restored by its sources."""
