"""Engines: one module and one template each, found by discovery; they lower to the closed plan."""
