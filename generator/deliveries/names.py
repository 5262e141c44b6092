"""Names by which the node's own programs know what was delivered."""

from __future__ import annotations


def package_name(deployment: str, node: str) -> str:
    """The node's package for dpkg; deployments and nodes have names of nothing but what Debian allows in it."""
    return f"capsule-{deployment}-{node}"
