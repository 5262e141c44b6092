"""The example fleet with a fixed test secret, compared with what is kept here.

`CAPSULE_UPDATE_GOLDEN=1 pytest tests/golden` writes the files anew; the diff is then part of the review.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from generator.verify import find_tools
from generator.verify.shellcheck import EXCLUDED
from tests.cli.fleet import gen, small_fleet

GOLDEN = Path(__file__).parent / "kaizen"
KEPT = ("controller-1", "services-1", "website")  # one node of each role
# they follow from every byte of every template, so that they would change with each of them
DERIVED = re.compile(
    r"(?<=build )[0-9a-f]{16}|(?<=Build ')[0-9a-f]{16}|(?<=build_id=')[0-9a-f]{16}|(?<=sha256:)[0-9a-f]{64}"
)
# one of each capsule: the generic node's, and what only the others have
CAPSULES = (
    "website/*",
    "controller-1/backup_nightly",
    "controller-1/preview_nightly",
    "controller-1/restore_mysql",
    "controller-1/restore_point_nova-conf_from_collection",
    "services-1/collect_collection",
    "services-1/preview_collection",
    "services-1/scrub_collection",
    "services-1/send_collection_compute-1",
)


def readable(directory: Path) -> dict[str, str]:
    """Every file of the kept nodes but private keys and manifests, and one of each capsule, by path."""
    found = {}
    for pattern in CAPSULES:
        node, capsule = pattern.split("/")
        for path in sorted((directory / node / "root/opt/capsule/kaizen/bin").glob(capsule)):
            found[path.relative_to(directory).as_posix()] = DERIVED.sub("derived", path.read_text())
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


def test_what_is_kept_is_clean_under_every_analysis() -> None:
    # `gen build` leaves data flow out, for its cost; here it is on
    capsules = sorted(GOLDEN.glob("*/root/opt/capsule/kaizen/bin/*"))
    assert len(capsules) > 20
    options = (
        "--norc",
        "--shell=bash",
        "--enable=all",
        "--extended-analysis=true",
        f"--exclude={','.join(EXCLUDED)}",
    )
    found = subprocess.run(
        [find_tools()["shellcheck"], *options, *capsules], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")
