"""Keys that a node makes when it is installed, by the scripts and by the package, for real in a throw-away root."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from generator.render import Kind
from tests.deliveries.box import Box, Ended
from tests.deliveries.builds import Build
from tests.deliveries.test_plain_install import WATCHED, install, refused

pytestmark = pytest.mark.lab

KEY = "/opt/capsule/kaizen/ssh/web-3.send"
PACKAGE = "capsule-kaizen-web-1"


@dataclass(frozen=True, slots=True)
class Made:
    """A key on the node: its public half, and what `ls` would say of its file."""

    public: str
    mode: int
    owners: tuple[int, int]


def made(box: Box, key: str = KEY) -> Made:
    """The key as it lies there; it must be one."""
    box.run("cp", key, "/tmp/key")
    box.run("chmod", "600", "/tmp/key")
    public = " ".join(box.run("ssh-keygen", "-y", "-P", "", "-f", "/tmp/key").out.split()[:2])
    status = box.path(key).stat()
    return Made(public, status.st_mode & 0o7777, (status.st_uid, status.st_gid))


def told(done: Ended) -> str:
    """The public half that an installer printed."""
    assert done.status == 0, done
    line = re.search(r"^own key web-3\.send: (ssh-ed25519 \S{68})$", done.out, re.MULTILINE)
    assert line, done
    return line[1]


def test_a_node_makes_its_key_once_and_tells_the_public_half(box: Box) -> None:
    build = Build()
    build.makes_key()
    build.put(box)
    looked = box.run("/root/build/preview.sh")
    assert not box.path(KEY).exists()
    done = box.run("/root/build/install.sh")
    public = told(done)
    assert looked.out.replace("would be installed", "is installed") == done.out.replace(
        f"own key web-3.send: {public}\n", ""
    )
    key = made(box)
    assert key == Made(public, 0o440, (0, build.data.number))
    assert not [path for path in box.snapshot("/opt/capsule") if "~" in path or path.endswith(".pub")]

    before = box.snapshot(*WATCHED)
    again = box.run("/root/build/install.sh")
    assert told(again) == public
    assert "nothing to do" in again.out
    assert box.snapshot(*WATCHED) == before

    build.makes_key("web-3.send", public)
    assert "own key" not in install(box, build).out
    assert made(box) == key

    box.run("chmod", "644", KEY)
    assert f"set {KEY} to root:{build.data.name} 440" in install(box, build).out
    assert made(box) == key


def test_a_key_that_is_not_the_known_one_is_refused(box: Box) -> None:
    build = Build()
    build.makes_key()
    public = told(install(box, build))
    other = public[:-4] + ("AAAA" if public[-4:] != "AAAA" else "BBBB")
    build.makes_key("web-3.send", other)
    refused(box, build, 78, f"{KEY} is not the one that the inventory knows")
    build.makes_key("web-3.send", other, public)
    assert install(box, build).status == 0
    build.makes_key("web-3.send", public)
    box.run("rm", KEY)
    refused(box, build, 78, f"this node does not have the key {KEY} whose public half the inventory knows")
    box.write(KEY, "no key\n", 0o440)
    refused(box, build, 78, f"{KEY} is not an ssh-ed25519 key without a passphrase")
    box.run("rm", KEY)
    build.makes_key()
    assert told(install(box, build)) != public


def test_it_goes_with_the_build_that_has_it_no_more_and_what_was_given_gives_way(box: Box) -> None:
    build, plain = Build(), Build()
    given = "/opt/capsule/kaizen/ssh/web-2.send"
    install(box, plain)
    build.makes_key("web-2.send")
    assert f"removed {given}" in install(box, build).out
    assert made(box, given).public.startswith("ssh-ed25519 ")
    assert install(box, plain).status == 0
    assert box.path(given).read_text() == "key 1\n"
    build.makes_key()
    install(box, build)
    done = install(box, plain)
    assert f"removed {KEY}, which this node had made" in done.out, done
    assert sorted(path.name for path in box.path(KEY).parent.iterdir()) == ["known_hosts", "web-2.send"]
    assert "nothing to do" in install(box, plain).out


def test_remove_takes_it_away_also_without_a_record_and_with_what_a_killed_run_left(box: Box) -> None:
    build = Build()
    build.makes_key()
    install(box, build)
    for left in (".web-3.send.capsule~", ".web-3.send.capsule~.pub"):
        box.write(f"/opt/capsule/kaizen/ssh/{left}", "half a key")
    box.run("rm", "/var/lib/capsule/kaizen/installed")
    looked = box.run("/root/build/preview-removal.sh")
    done = box.run("/root/build/remove.sh")
    assert (done.status, done.err) == (0, ""), done
    assert looked.out.replace("would be removed", "is removed") == done.out
    assert not [path for path in box.snapshot("/opt/capsule") if "/ssh/" in path]


def test_what_a_killed_run_left_is_cleared_by_the_next(box: Box) -> None:
    build = Build()
    build.makes_key()
    install(box, build)
    box.run("rm", KEY)
    box.write("/opt/capsule/kaizen/ssh/.web-3.send.capsule~", "half a key", 0o600)
    box.write("/opt/capsule/kaizen/ssh/.web-3.send.capsule~.pub", "half a key", 0o600)
    told(install(box, build))
    assert not [path for path in box.snapshot("/opt/capsule") if "~" in path]


def dpkg(box: Box, build: Build) -> Ended:
    box.path("/root/node.deb").write_bytes(build.package().content)
    return box.run("dpkg", "--install", "/root/node.deb")


def test_dpkg_makes_the_same_key_once_and_takes_it_away(box: Box) -> None:
    build, plain = Build(), Build(version="2")
    build.makes_key()
    public = told(dpkg(box, build))
    assert made(box) == Made(public, 0o440, (0, build.data.number))
    assert told(dpkg(box, build)) == public
    assert box.run("dpkg", "--verify", PACKAGE).out == ""
    other = Build()
    other.makes_key("web-3.send", public[:-4] + ("AAAA" if public[-4:] != "AAAA" else "BBBB"))
    failed = dpkg(box, other)
    assert failed.status != 0
    assert f"{KEY} is not the one that the inventory knows" in failed.err
    assert made(box).public == public
    assert dpkg(box, plain).status == 0
    assert not box.path(KEY).exists()
    told(dpkg(box, build))
    assert box.run("dpkg", "--remove", PACKAGE).status == 0
    assert not [path for path in box.snapshot("/opt/capsule") if "/ssh/" in path]
    assert box.run("dpkg", "--purge", PACKAGE).status == 0
    assert not box.path("/opt/capsule").exists()


def test_dpkg_takes_away_what_was_given_and_never_what_the_node_has_in_its_place(box: Box) -> None:
    given, build = Build(), Build(version="2")
    key, record = "/opt/capsule/kaizen/ssh/web-2.send", "/var/lib/capsule/kaizen/installed"
    assert dpkg(box, given).status == 0
    before = box.path(record).read_text()
    build.makes_key("web-2.send")
    assert dpkg(box, build).status == 0
    own = made(box, key)
    # a first attempt that ended before the record was written
    box.path(record).write_text(before)
    assert box.run(f"/var/lib/dpkg/info/{PACKAGE}.postinst", "configure", "").status == 0
    assert made(box, key) == own

    box.run("cp", "--preserve", key, "/root/own")
    assert dpkg(box, given).status == 0
    assert box.path(key).read_text() == "key 1\n"
    build.makes_key("web-2.send", own.public)
    failed = dpkg(box, build)
    assert failed.status != 0
    assert "put it back" in failed.err
    box.run("mv", "/root/own", key)
    assert dpkg(box, build).status == 0
    assert made(box, key) == own
    assert not [path for path in box.snapshot("/opt/capsule") if "~" in path]


def test_the_kind_is_known_to_the_record(box: Box) -> None:
    build = Build()
    build.makes_key()
    install(box, build)
    record = box.path("/var/lib/capsule/kaizen/installed").read_text()
    assert f"file {Kind.OWN_KEY.value} " in record
    assert f" {KEY}\n" not in record
