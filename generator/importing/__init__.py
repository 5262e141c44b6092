"""Importing: what a platform already knows about its machines becomes an inventory, without guessing the rest."""
