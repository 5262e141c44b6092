"""What is true of a whole Ansible inventory: the prefix of its deployment."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from generator.diagnostics.model import Diagnostic
from generator.importing.ansible.inventory import AnsibleInventory
from generator.importing.proposal import error
from generator.inventory.values import Word

PREFIX = "deployment_prefix"
WORD: TypeAdapter[str] = TypeAdapter(Word)


def deployment_prefix(inventory: AnsibleInventory) -> tuple[str, tuple[Diagnostic, ...]]:
    """The one `deployment_prefix` that hosts have, or nothing; diagnostics where there is no such one."""
    values = {str(host.variables[PREFIX]) for host in inventory.hosts if host.variables.get(PREFIX) not in (None, "")}
    if not values:
        return "", ()
    advice = "set it once, for the group `all`; an inventory of Capsule is one deployment"
    if len(values) > 1:
        listed = ", ".join(f"`{value}`" for value in sorted(values))
        return "", (error("C0730", f"`{PREFIX}` has several values: {listed}", advice),)
    (value,) = values
    try:
        return WORD.validate_python(value), ()
    except ValidationError:
        return "", (error("C0730", f"`{PREFIX}` is `{value}`, which cannot be a prefix here", advice),)
