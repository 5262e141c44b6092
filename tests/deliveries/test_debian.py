"""The package of a node as bytes: what is in it, as the format's own tools read it."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sysconfig
import tarfile
from pathlib import Path

import pytest

from generator.deliveries import deliveries
from generator.deliveries.debian import SUMMARIES
from generator.render import RenderedNode
from generator.verify.subjects import script_subjects
from tests.deliveries.builds import Build
from tests.deliveries.test_plain import EXCLUDED

MAGIC, HEAD = b"!<arch>\n", 60


def members(package: bytes) -> dict[str, bytes]:
    """The members of the archive, read as ar(5) says."""
    assert package.startswith(MAGIC)
    found, at = {}, len(MAGIC)
    while at < len(package):
        head = package[at : at + HEAD].decode()
        assert head.endswith("`\n")
        size = int(head[48:58])
        found[head[:16].strip()] = package[at + HEAD : at + HEAD + size]
        at += HEAD + size + size % 2
    return found


def tar(content: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(content))


def control(build: Build) -> dict[str, str]:
    """The fields of the control file."""
    with tar(members(build.package().content)["control.tar"]) as inside:
        file = inside.extractfile("./control")
        assert file is not None
        return dict(line.split(": ", 1) for line in file.read().decode().splitlines() if not line.startswith(" "))


def test_it_is_found() -> None:
    assert "debian" in deliveries()


def test_it_has_the_members_that_dpkg_wants_in_their_order() -> None:
    assert list(members(Build().package().content)) == ["debian-binary", "control.tar", "data.tar"]


def test_equal_builds_give_equal_bytes() -> None:
    assert Build().package() == Build().package()
    assert Build().package().content != Build(version="2").package().content


def test_every_file_is_there_as_it_was_built_in_placing_order() -> None:
    build = Build()
    with tar(members(build.package().content)["data.tar"]) as data:
        entries = [entry for entry in data.getmembers() if entry.isfile()]
        assert {entry.mtime for entry in data.getmembers()} == {0}
        assert [entry.name for entry in entries][0::8] == [
            "./etc/sudoers.d/50-capsule-kaizen",
            "./opt/capsule/kaizen/manifest.json",
        ]
        by_path = {file.path: file for file in build.files}
        assert len(entries) == len(by_path)
        for entry in entries:
            file = by_path[entry.name[1:]]
            content = data.extractfile(entry)
            assert content is not None
            assert content.read() == file.content
            assert (entry.mode, entry.uname, entry.uid, entry.gname) == (file.mode, "root", 0, file.group)
        key = data.getmember("./opt/capsule/kaizen/ssh/web-2.send")
        assert key.gid == build.data.number


def test_directories_of_data_are_not_dpkg_s() -> None:
    with tar(members(Build().package().content)["data.tar"]) as data:
        directories = {entry.name for entry in data.getmembers() if entry.isdir()}
    assert "./opt/capsule/kaizen/ssh" in directories
    assert not [path for path in directories if path.startswith(("./backups", "./var/lib/capsule", "./var/log"))]


def test_the_control_file_says_what_it_needs_and_what_it_is() -> None:
    said = control(Build())
    assert said["Package"] == "capsule-kaizen-web-1"
    assert said["Architecture"] == "all"
    assert said["Pre-Depends"].split(", ") == ["cron | cron-daemon", "logrotate", "openssh-server", "rsync", "sudo"]
    assert said["Conflicts"] == said["Provides"] == said["Replaces"] == "capsule+kaizen"
    assert "Conffiles" not in said
    with tar(members(Build().package().content)["control.tar"]) as inside:
        assert "./conffiles" not in inside.getnames()


@pytest.mark.parametrize("build_id", ["0123456789abcdef", "fedcba9876543210"])
def test_the_version_is_one_for_dpkg_and_names_the_build(build_id: str) -> None:
    dpkg = shutil.which("dpkg")
    if dpkg is None:
        pytest.skip("validating a version needs dpkg")
    build = Build(version="x")
    build.version = build_id
    version = control(build)["Version"]
    assert version.endswith(build_id)
    assert subprocess.run([dpkg, "--validate-version", version]).returncode == 0


def test_a_package_with_a_key_is_the_builder_s_alone() -> None:
    build = Build()
    assert build.package().sensitive
    build.files = [file for file in build.files if not file.sensitive]
    assert not build.package().sensitive


@pytest.mark.parametrize("name", SUMMARIES)
def test_linters_have_nothing_to_say(tmp_path: Path, name: str) -> None:
    (script,) = [script for script in Build().package().scripts if script.path == f"{name}.sh"]
    path = tmp_path / name
    path.write_bytes(script.content)
    shellcheck = shutil.which("shellcheck", path=sysconfig.get_path("scripts")) or "shellcheck"
    # the parts that scripts share have more than each of them uses
    excluded = f"{EXCLUDED},SC2034,SC2317,SC2329"
    done = subprocess.run(
        [shellcheck, "--norc", "--shell=bash", "--enable=all", f"--exclude={excluded}", path],
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""


def test_lintian_finds_only_what_the_page_gives_reasons_for(tmp_path: Path) -> None:
    lintian = shutil.which("lintian")
    if lintian is None:
        pytest.skip("there is no lintian here")
    package = tmp_path / "node.deb"
    package.write_bytes(Build().package().content)
    asked = [lintian, "--no-cfg", "--display-info", "--tag-display-limit", "0", package]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=300)
    page = (Path(__file__).parents[2] / "docs/debian.md").read_text("utf-8")
    reasons = set(re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\| `.*? \|", page, re.MULTILINE))))
    found = set(re.findall(r"^[EWI]: \S+ (\S+)", done.stdout, re.MULTILINE))
    assert "dir-or-file-in-opt" in found, done.stderr
    assert found - reasons == set()


def test_its_scripts_are_verified_like_those_that_lie_beside_it() -> None:
    package = Build().package()
    seen = [subject.file.path for subject in script_subjects({"web-1": [package]})]
    assert sorted(seen) == [f"{name}.sh" for name in sorted(SUMMARIES)]


def test_what_is_looked_at_are_the_rules_that_are_placed() -> None:
    build = Build()
    node: RenderedNode = build.node()
    (rules,) = [file.content.decode() for file in node.files if "sudoers" in file.path]
    (preinst,) = [script for script in build.package().scripts if script.path == "preinst.sh"]
    table = preinst.content.decode().partition("readonly -a rules=(\n")[2].partition("\n)\n")[0]
    printed = subprocess.run(
        ["bash", "-c", f"rules=(\n{table}\n)\nprintf '%s\\n' \"${{rules[@]}}\""], capture_output=True, text=True
    )
    assert printed.stdout == rules
