"""Keys that a node makes by itself, by ``puppet apply`` for real: the same node as the installer makes."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.deliveries.box import Box
from tests.deliveries.builds import Build
from tests.deliveries.puppet_builds import ENVIRONMENT, apply, put
from tests.deliveries.test_own_keys import KEY, Made, made, told
from tests.deliveries.test_puppet_apply import CHANGED, NOTHING, PUPPETS_OWN, WATCHED, ended, quick, refused

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("puppet") is None, reason="there is no Puppet here"),
]


def fact(box: Box) -> object:
    """What the node tells of its keys."""
    module = f"{ENVIRONMENT}/modules/capsule/lib/facter"
    done = box.run("facter", "--json", "--custom-dir", module, "capsule_public_keys")
    return json.loads(done.out)["capsule_public_keys"]


def test_puppet_makes_a_key_once_and_takes_it_away(box: Box) -> None:
    quick(box)
    build = Build()
    build.makes_key()
    # a key that was given gives way to one that is made here
    given = Build(version="0")
    given.files.append(given.file(KEY, next(one.kind for one in given.files if one.sensitive), "key 0\n", 0o440))
    given.put(box)
    assert box.run("/root/build/install.sh").status == 0

    put(build, box)
    before = box.snapshot(*WATCHED)
    looked = ended(apply(box, "--noop"), NOTHING)
    assert f"Capsule_own_key[{KEY}]/ensure: current_value 'absent', should be 'present' (noop)" in looked.out
    assert box.snapshot(*WATCHED) == before
    done = ended(apply(box), CHANGED)
    key = made(box)
    assert key == Made(key.public, 0o440, (0, build.data.number))
    assert f"made the key; its public half is {key.public}" in done.out
    assert fact(box) == {"kaizen": {"web-3.send": key.public}}
    secret = box.run("sed", "-n", "3p", KEY).out.strip()
    assert secret
    assert box.run("grep", "-rlF", secret, *PUPPETS_OWN).out == ""

    build.put(box)
    assert told(box.run("/root/build/install.sh")) == key.public
    before = box.snapshot(*WATCHED)
    build.makes_key("web-3.send", key.public)
    other = Build()
    other.makes_key("web-3.send", key.public[:-4] + ("AAAA" if key.public[-4:] != "AAAA" else "BBBB"))
    refused(box, other, f"the key {KEY} is not the one that the inventory knows: its public half is {key.public}")
    put(build, box)
    box.run("chmod", "644", KEY)
    box.write("/opt/capsule/kaizen/ssh/.web-3.send.capsule~.pub", "half a key")
    ended(apply(box), CHANGED)
    assert made(box) == key
    after = box.snapshot(*WATCHED)
    assert not [path for path in after if "~" in path]
    ended(apply(box), NOTHING)
    assert box.snapshot(*WATCHED) == after

    put(Build(), box)
    assert f"removed {KEY}, which this node had made" in ended(apply(box), CHANGED).out
    build.makes_key()
    put(build, box)
    ended(apply(box), CHANGED)
    assert made(box).public != key.public
    ended(apply(box, program="class { 'capsule': ensure => absent }"), CHANGED)
    assert not [path for path in box.snapshot("/opt/capsule") if "/ssh/" in path]
