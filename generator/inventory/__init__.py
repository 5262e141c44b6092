"""The inventory: what the user wrote, validated and resolved."""

from generator.inventory.loading import Escrow, LoadResult, load

__all__ = ["Escrow", "LoadResult", "load"]
