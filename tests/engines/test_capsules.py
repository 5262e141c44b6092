"""What holds for capsules of every kind."""

from __future__ import annotations

import re
from pathlib import Path

from generator.engines.capsules import kept_out
from generator.inventory import load
from generator.lowering import lower

KAIZEN = Path(__file__).parents[2] / "inventory" / "kaizen.yml"


def test_everything_that_is_placed_is_kept_out_or_in_a_directory_of_capsules_own() -> None:
    fleet = load(KAIZEN).fleet
    assert fleet is not None
    paths = fleet.paths
    own = tuple(f"{path}/" for path in (paths.programs, paths.state, paths.logs, fleet.operator.home))
    for node in lower(fleet).nodes:
        around = kept_out(fleet, fleet.node(node.name))
        strays = [one.path for one in node.artifacts if not one.path.startswith(own) and one.path not in around]
        assert strays == []
        assert any(path.startswith("/etc/") for path in around)


def test_what_ends_a_run_forgets_the_read_that_a_signal_ended() -> None:
    """See ``tests/capsules/test_signals.py`` for what bash 5.2 does otherwise."""
    checked = 0
    for capsule in sorted((Path(__file__).parents[1] / "golden").glob("*/*/root/opt/capsule/*/bin/*")):
        text = capsule.read_text(encoding="utf-8")
        for name in set(re.findall(r"^ *trap (\w+) EXIT$", text, re.MULTILINE)):
            body = re.search(rf"^{name}\(\) \{{\n((?: .*\n|\n)*?)\}}\n", text, re.MULTILINE)
            assert body is not None, name
            checked += 1
            if name != "unknown":
                begins = re.match(r"  local status=\$\?.*\n(  #.*\n)?  trap .*\n  forget_read\n", body[1])
                assert begins, (capsule.name, name)
        for name in set(re.findall(r"^ *trap '(\w+) \w+' [A-Z]+$", text, re.MULTILINE)):
            assert f"\n{name}() {{\n  forget_read\n" in text, (capsule.name, name)
    assert checked > 10
