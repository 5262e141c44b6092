"""Gluster, stood in for: what its command says when things go wrong, and whom a snapshot belongs to."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from source_world import Source, identifier, make_part
from volumes import make_volume, remove_volumes, say_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are for root")
SNAPSHOT = "capsule-test-deployment-app"
FAILED = (74, "snapshot app failed\nresult failed\n")

# Knows one volume with one brick at `fs`, and snapshots as files that hold a description and a state.
GLUSTER = """printf '%s\\n' "$*" >>"$ROOT/calls"
shift
case "$1 $2" in
  'volume info') printf 'Volume Name: docker\\nBricks:\\nBrick1: alpha:%s/app\\nBrick2: beta:/x\\n' "$ROOT/fs" ;;
  'snapshot list') names="$(cd "$ROOT/gluster" && ls)"; printf '%s\\n' "${names:-No snapshots present}" ;;
  'snapshot create')
    if [[ -e "$ROOT/full" ]]; then
      printf 'snapshot create: failed: quorum is not met\\nSnapshot command failed\\n'
      exit 1
    fi
    printf 'Description               : %s\\n\\tStatus                    : Stopped\\n' "${!#}" >"$ROOT/gluster/$3"
    echo 'snapshot create: success' ;;
  'snapshot info') cat "$ROOT/gluster/$3" ;;
  'snapshot activate') sed -i 's/Stopped/Started/' "$ROOT/gluster/$3" ;;
  'snapshot deactivate') sed -i 's/Started/Stopped/' "$ROOT/gluster/$3" ;;
  'snapshot delete') grep -q Stopped "$ROOT/gluster/$3" && rm "$ROOT/gluster/$3" ;;
  *) exit 2 ;;
esac
"""


@pytest.fixture
def gluster(source: Source) -> Iterator[Source]:
    """The volume ``docker``, mounted at ``docker`` as far as mountinfo tells, whose brick lies on a thin volume."""
    make_volume(source)
    source.stand_in("gluster", GLUSTER)
    (source.root / "gluster").mkdir()
    say_of(source, source.root.name, vg_name="vg")
    lvs = (source.root / "tools" / "lvs").read_text()
    lvs = lvs.replace('name="${target#vg/}"', 'name="${target#vg/}"; name="${name#/dev/vg/}"')
    (source.root / "tools" / "lvs").write_text(lvs.replace("[pool_lv]=pool", "[pool_lv]=pool [vg_name]=vg"))
    source.install(make_part("app", f"{source.root}/docker/inner", "gluster", volume="docker", data_limit=70))
    yield source
    remove_volumes(source)


def held(source: Source) -> list[str]:
    """The snapshots that Gluster has."""
    return sorted(path.name for path in (source.root / "gluster").iterdir())


def test_capsules_are_as_a_build_demands(gluster: Source) -> None:
    assert [str(fault) for fault in gluster.faults()] == []


def test_data_that_is_not_in_the_volume_is_not_saved(gluster: Source) -> None:
    gluster.command("mkdir", "-p", f"{gluster.root}/docker/inner")
    prepared = gluster.prepare()
    assert (prepared.returncode, prepared.stdout) == FAILED
    assert "DATA-ELSEWHERE" in prepared.stderr
    assert "create" not in (gluster.root / "calls").read_text()


@pytest.fixture
def mounted(gluster: Source) -> Source:
    """The same, where the data's mount passes for one of Gluster."""
    gluster.command("sh", "-c", f"mkdir -p {gluster.root}/docker; mount -t tmpfs alpha:/docker {gluster.root}/docker")
    gluster.command("mkdir", f"{gluster.root}/docker/inner")
    for name in ("prepare_deployment", "send_deployment_app", "remove_deployment"):
        path = gluster.root / "bin" / name
        path.write_text(path.read_text().replace('"$mount_type" != fuse.glusterfs', '"$mount_type" != tmpfs'))
    return gluster


def test_a_snapshot_is_described_as_ours_and_deleted_again(mounted: Source) -> None:
    prepared = mounted.prepare()
    assert (prepared.returncode, prepared.stdout) == (0, "snapshot app taken\nresult complete\n"), prepared.stderr
    create = f"snapshot create {SNAPSHOT} docker no-timestamp description capsule:test/deployment/app"
    assert f"--mode=script {create}\n" in (mounted.root / "calls").read_text()
    removed = mounted.remove()
    assert (removed.returncode, held(mounted)) == (0, []), removed.stderr


def test_what_cannot_be_made_mounted_or_is_not_ours_is_said(mounted: Source) -> None:
    (mounted.root / "full").touch()
    prepared = mounted.prepare()
    assert (prepared.returncode, prepared.stdout) == FAILED
    assert "quorum is not met" in prepared.stderr
    (mounted.root / "full").unlink()
    assert mounted.prepare(identifier(2)).returncode == 0
    # there is no such client here: the store learns that the part cannot be read
    assert mounted.record("app")["health"] == "broken"
    assert "GLUSTER-MOUNT" in mounted.log("send_deployment_app")
    assert mounted.remove().returncode == 0
    (mounted.root / "gluster" / SNAPSHOT).write_text("Description               : somebody's\n\tStatus : Started\n")
    assert mounted.prepare(identifier(4)).returncode == 74
    assert mounted.remove().returncode == 10
    assert held(mounted) == [SNAPSHOT]


def test_a_brick_on_a_full_pool_gets_no_snapshot(mounted: Source) -> None:
    say_of(mounted, "pool", data_percent="71.00")
    prepared = mounted.prepare()
    assert (prepared.returncode, prepared.stdout) == FAILED
    assert "POOL-FULL" in prepared.stderr
    assert held(mounted) == []
