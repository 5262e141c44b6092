"""What both sources yield."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

# Facts by certname, then by the fact's name.
Facts: TypeAlias = Mapping[str, Mapping[str, Any]]

OWN_KEYS = "capsule_public_keys"  # of puppet/lib/facter/capsule.rb
WANTED = (OWN_KEYS, "networking", "os", "ssh", "timezone")
