"""What the quiescers of containers share."""

from __future__ import annotations

from generator.plan import Fragment, holes


def container_functions() -> Fragment:
    """Bash functions that pause and resume containers through ``<engine>_call``."""
    return Fragment(template="quiescers/containers_functions.sh.j2", holes=holes())
