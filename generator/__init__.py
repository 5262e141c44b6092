"""Capsule compiles a fleet inventory to sealed, argument-free backup programs."""

__version__ = "0.1.0"
