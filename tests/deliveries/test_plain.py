"""The scripts of the plain delivery as text: what is compiled into them, and what linters say."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from generator.deliveries import deliveries
from generator.deliveries.order import PLACING_ORDER
from generator.deliveries.plain import DELIVERY
from generator.deliveries.requirements import Command, requirements
from generator.render import Kind, RenderedNode
from tests.deliveries.builds import LIBRARY, Build, scripts_on

# Off for the reasons that generator.verify gives for capsules.
EXCLUDED = "SC2250,SC2310,SC2312"


def test_it_is_found() -> None:
    assert "plain" in deliveries()


def test_every_kind_of_file_has_its_place_in_the_order() -> None:
    assert sorted(kind.value for kind in PLACING_ORDER) == sorted(kind.value for kind in Kind)


def test_files_stand_in_the_order_in_which_they_are_placed() -> None:
    text = Build().scripts()["install.sh"]
    paths = ["/etc/sudoers.d/50-", "/bin/backup_nightly'", "/ssh/known_hosts", "/ssh/web-2.send", "/.ssh/authorized"]
    places = [text.index(path) for path in [*paths, "/etc/cron.d/", "/etc/logrotate.d/", "manifest.json'"]]
    assert places == sorted(places)


@pytest.mark.parametrize("owned", [False, True], ids=["given", "own keys"])
@pytest.mark.parametrize("index", range(4))
def test_linters_have_nothing_to_say(tmp_path: Path, index: int, owned: bool) -> None:
    build = Build()
    if owned:
        build.makes_key()
    script = scripts_on(tmp_path, build)[index]
    subprocess.run(["bash", "-n", script], check=True)
    shellcheck = shutil.which("shellcheck", path=sysconfig.get_path("scripts")) or "shellcheck"
    done = subprocess.run(
        [shellcheck, "--norc", "--shell=bash", "--enable=all", f"--exclude={EXCLUDED}", script],
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""


def test_scripts_of_two_versions_have_one_shape() -> None:
    shapes = []
    for version in "12":
        build = Build(version=version)
        node = RenderedNode(plan=build.plan(), build_id=version, files=tuple(build.files))
        shapes.append([file.shape for file in DELIVERY.deliver("kaizen", build.paths, node, LIBRARY)])
    assert shapes[0] == shapes[1]
    assert shapes[0][0] != shapes[0][1]


def test_only_tools_that_a_capsule_uses_are_required() -> None:
    build = Build()
    commands = requirements(build.plan(), build.files).commands
    assert Command(package="rsync", path="/usr/bin/rsync") in commands
    assert not [command for command in commands if command.path == "/nowhere/dump"]


def test_a_tool_of_the_inventory_replaces_the_package_s_own() -> None:
    build = Build()
    plan = build.plan()
    object.__setattr__(plan, "tools", (("rsync", "/opt/rsync/rsync"),))
    paths = [command.path for command in requirements(plan, build.files).commands]
    assert "/opt/rsync/rsync" in paths
    assert "/usr/bin/rsync" not in paths
