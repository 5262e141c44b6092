"""Lowering: the resolved inventory in, the closed plan of every node out."""

from generator.lowering.fleet import lower

__all__ = ["lower"]
