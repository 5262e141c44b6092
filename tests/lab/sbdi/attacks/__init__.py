"""Attacks on a directed deployment, by what they start from."""

from . import by_director, by_others, by_restore  # noqa: F401  # they register
