"""The example fleet with a fixed test secret, compared with what is kept here.

`CAPSULE_UPDATE_GOLDEN=1 pytest tests/golden` writes the files anew; the diff is then part of the review.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from tests.cli.fleet import gen, small_fleet

GOLDEN = Path(__file__).parent / "kaizen"
KEPT = ("controller-1", "services-1", "website")  # one node of each role
# they follow from every byte of every template, so that they would change with each of them
DERIVED = re.compile(r"(?<=build )[0-9a-f]{16}|(?<=sha256:)[0-9a-f]{64}")


def readable(directory: Path) -> dict[str, str]:
    """Every file of the kept nodes but capsules, private keys and manifests, by path; public keys are compared."""
    found = {}
    for node in KEPT:
        for path in sorted((directory / node / "root").rglob("*")):
            name = path.relative_to(directory).as_posix()
            if path.is_file() and (path.name == "known_hosts" or "/opt/" not in name):
                found[name] = DERIVED.sub("derived", path.read_text())
    return found


def test_the_example_fleet_is_rendered_as_reviewed(tmp_path: Path) -> None:
    result = gen("build", small_fleet(tmp_path), "-o", tmp_path / "output")
    assert result.exit_code == 0, result.output
    rendered = readable(tmp_path / "output/kaizen/nodes")
    if os.environ.get("CAPSULE_UPDATE_GOLDEN"):
        shutil.rmtree(GOLDEN, ignore_errors=True)
        for name, text in rendered.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_text(text)
    kept = {
        path.relative_to(GOLDEN).as_posix(): path.read_text() for path in sorted(GOLDEN.rglob("*")) if path.is_file()
    }
    assert sorted(rendered) == sorted(kept)
    for name, text in rendered.items():
        assert text == kept[name], name
