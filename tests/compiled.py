"""Builds of whole inventories within a moment: the parsers of other programs are left out, which other tests call."""

from __future__ import annotations

import shutil
from pathlib import Path

from generator.backend import Build, BuildRequest, build
from generator.cli.check import check
from generator.keys import Keyring
from generator.render import open_library
from generator.review import opening


def compiled(inventory: Path, keyring: Keyring) -> Build:
    """What ``inventory`` becomes; it must be without errors, and so must be what is rendered."""
    checked = check(inventory)
    fleet, plan = checked.loaded.fleet, checked.plan
    assert fleet is not None, checked.diagnostics
    assert plan is not None
    assert not checked.errors, checked.diagnostics
    request = BuildRequest(
        plan=plan,
        paths=fleet.paths,
        keyring=keyring,
        library=open_library(),
        inventory_digest="0" * 64,
        signers=(),
        opening=opening(fleet),
        proved=(),
        warnings=(),
        place=str,
        tools={},
    )
    built = build(request, lambda *_: None)
    assert not built.verification.faults
    return built


def write(built: Build, output: Path) -> None:
    """Make ``output`` hold what was built, and nothing else."""
    shutil.rmtree(output, ignore_errors=True)
    for file in built.files:
        target = output / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(bytes(file.content))
        target.chmod(file.mode)
