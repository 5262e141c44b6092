"""The delivery to Ansible: what it writes, who may lint it, and the controller's half of the module."""

from __future__ import annotations

import ast
import base64
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from generator.deliveries import fleet_deliveries
from generator.deliveries.ansible import FLEET_DELIVERY
from generator.plan import Contact
from generator.render import Kind, RenderedNode
from tests.deliveries.builds import LIBRARY, Build

ROOT = Path(__file__).parents[2]
COLLECTION = "ansible/collections/ansible_collections/capsule/fleet"


def node(name: str = "web-1", *, port: int = 22, permits: str = "") -> RenderedNode:
    """A rendered node, which restores with a permit if a plan is given."""
    build = Build()
    if permits:
        build.files.append(build.capsule(f"permit_restore_{permits}"))
    contact = Contact(address="192.0.2.7", port=port, host_keys=("ssh-ed25519 AAAA",), roles=("sources", "stores"))
    files = tuple(sorted(build.files, key=lambda file: file.path))
    return RenderedNode(plan=replace(build.plan(), name=name, contact=contact), build_id="1", files=files)


def delivered(*nodes: RenderedNode) -> dict[str, str]:
    files = FLEET_DELIVERY.deliver_fleet("kaizen", Build().paths, nodes, LIBRARY)
    assert not [file.path for file in files if file.sensitive or not file.path.startswith("ansible/")]
    return {file.path: bytes(file.content).decode() for file in files}


def test_it_is_found() -> None:
    assert "ansible" in fleet_deliveries()


def test_the_inventory_has_every_node_and_its_groups() -> None:
    text = delivered(node(), node("web-2", port=2222, permits="whole"))["ansible/inventory.yml"]
    groups = yaml.safe_load(text)
    assert groups["capsule"]["hosts"]["web-2"] == {
        "ansible_host": "192.0.2.7",
        "ansible_port": 2222,
        "capsule_packages": list(Build().packages),
        "capsule_permits": {"whole": "/opt/capsule/kaizen/bin/permit_restore_whole"},
    }
    hosts = {name: list(group["hosts"]) for name, group in groups.items()}
    assert hosts == {
        "capsule": ["web-1", "web-2"],
        "capsule_directors": [],
        "capsule_replicas": [],
        "capsule_sources": ["web-1", "web-2"],
        "capsule_stores": ["web-1", "web-2"],
        "capsule_permits": ["web-2"],
    }


def test_a_node_that_is_given_packages_for_dpkg_only_is_not_ansible_s() -> None:
    other = node("web-2")
    files = delivered(node(), replace(other, plan=replace(other.plan, deliveries=("debian",))))
    assert list(yaml.safe_load(files["ansible/inventory.yml"])["capsule"]["hosts"]) == ["web-1"]


def test_hosts_are_known_by_address_and_unusual_port() -> None:
    text = delivered(node(), node("web-2", port=2222))["ansible/known_hosts"]
    assert text == "192.0.2.7 ssh-ed25519 AAAA\n[192.0.2.7]:2222 ssh-ed25519 AAAA\n"


def test_a_path_that_looks_like_a_template_is_not_one() -> None:
    one = node(permits="whole")
    paths = replace(Build().paths, programs="/opt/{{ x }}")
    capsule = next(file for file in one.files if file.kind is Kind.CAPSULE)
    moved = replace(one, files=(replace(capsule, path="/opt/{{ x }}/bin/permit_restore_whole"),))
    (text,) = [
        bytes(file.content).decode()
        for file in FLEET_DELIVERY.deliver_fleet("kaizen", paths, (moved,), LIBRARY)
        if file.path == "ansible/inventory.yml"
    ]
    assert "whole: !unsafe '/opt/{{ x }}/bin/permit_restore_whole'" in text


def test_a_change_of_one_node_changes_the_inventory_only() -> None:
    before, after = delivered(node(), node("web-2")), delivered(node(), node("web-2", port=23))
    assert {path for path in before if before[path] != after[path]} == {
        "ansible/inventory.yml",
        "ansible/known_hosts",
    }
    assert before == delivered(node(), node("web-2"))


def test_the_collection_is_that_of_the_repository() -> None:
    files = delivered(node())
    for path in ("README.md", "galaxy.yml", "plugins/modules/node.py", "roles/node/tasks/main.yml"):
        assert files[f"{COLLECTION}/{path}"] == (ROOT / "ansible" / path).read_text("utf-8")
    assert not [path for path in files if "__pycache__" in path]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small fleet on disk."""
    top = tmp_path_factory.mktemp("ansible")
    for path, text in delivered(node(permits="whole")).items():
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return top / "ansible"


def program(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert found, f"{name} is not installed"
    return found


def test_ansible_lint_has_nothing_to_say(written: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(program('ansible-lint')).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [program("ansible-lint"), "--offline", "--nocolor", "--strict", "--profile=production", "."],
        cwd=written,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed: 0 failure(s), 0 warning(s)" in done.stderr


def test_targets_need_python_3_9_only() -> None:
    for path in (ROOT / "ansible/plugins").rglob("*.py"):
        ast.parse(path.read_text("utf-8"), feature_version=(3, 9))


# -- The controller's half -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def action() -> ModuleType:
    """The action plugin as a module."""
    return loaded("action")


def loaded(kind: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"capsule_{kind}", ROOT / f"ansible/plugins/{kind}/node.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("version", ["2.15.13", "2.9.27", "unknown"])
def test_an_older_ansible_is_refused(action: ModuleType, version: str) -> None:
    with pytest.raises(Exception, match=rf"this is ansible-core {version}, and capsule.fleet needs 2.16 or newer"):
        action.refuse_old_ansible(version)
    action.refuse_old_ansible("2.16.0")
    action.refuse_old_ansible("3.0.0")


def output(top: Path) -> Path:
    for path in ("nodes/web-1/root/etc/x", "nodes/web-1/install.sh", "nodes/web-1/preview.sh", "nodes/web-2/secret"):
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(path)
    (top / "nodes/web-1/manifest.json").write_text("{}")
    return top


def test_a_host_gets_its_own_files_only_and_always_the_same_bytes(action: ModuleType, tmp_path: Path) -> None:
    top = output(tmp_path)
    files = action.node_files(top, "web-1", action.WANTED["present"])
    packed = action.pack(files)
    os.utime(top / "nodes/web-1/install.sh", (1, 1))
    assert packed == action.pack(action.node_files(top, "web-1", action.WANTED["present"]))
    with tarfile.open(fileobj=io.BytesIO(zlib.decompress(packed))) as archive:
        assert archive.getnames() == ["install.sh", "manifest.json", "preview.sh", "root/etc/x"]


def test_who_takes_programs_away_gets_no_keys(action: ModuleType) -> None:
    assert "root" not in action.WANTED["absent"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("web-3", "web-3 is not a node of this build, which has web-1, web-2"),
        ("../nodes/web-1", "is not a node of this build"),
        ("web-2", "the build is not whole, build again: .*install.sh"),
    ],
)
def test_a_node_that_is_not_there_is_refused(action: ModuleType, tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(Exception, match=why):
        action.node_files(output(tmp_path), name, action.WANTED["present"])


def test_a_directory_that_is_no_build_or_holds_a_link_is_refused(action: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="is not what gen build wrote"):
        action.node_files(tmp_path / "nothing", "web-1", action.WANTED["present"])
    (output(tmp_path) / "nodes/web-1/root/etc/link").symlink_to("/etc/shadow")
    with pytest.raises(Exception, match="link is neither a file nor a directory"):
        action.node_files(tmp_path, "web-1", action.WANTED["present"])


# -- The node's half -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def module() -> ModuleType:
    """The module as a module."""
    return loaded("modules")


def test_outputs_of_the_scripts_are_told_apart(module: ModuleType) -> None:
    out = (
        "placed /a\nkept the account x: backups belong to it\nkaizen is removed from web-1: 1 changes\nkept /b (4K)\n"
    )
    assert module.split(out) == (["placed /a"], ["kept the account x: backups belong to it", "kept /b (4K)"], True)
    assert module.split("nothing to do: kaizen is installed on web-1\n") == ([], [], True)
    assert module.split("placed /a\n") == (["placed /a"], [], False)
    told = "own key web-1.send_nightly: ssh-ed25519 AAAA\nnothing to do: kaizen is installed on web-1\n"
    assert module.split(told) == ([], [], True)
    assert module.own_keys(told) == {"web-1.send_nightly": "ssh-ed25519 AAAA"}


def test_only_what_everybody_may_read_is_shown(module: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(
        '{"artifacts": [{"path": "/open", "sensitive": false}, {"path": "/key", "sensitive": true}]}'
    )
    (tmp_path / "root").mkdir()
    for name in ("open", "key", "unlisted"):
        (tmp_path / "root" / name).write_text("secret" if name != "open" else "harmless")
    assert module.seen_in_build("/open", tmp_path) == "harmless"
    assert module.seen_in_build("/key", tmp_path) is None
    assert module.seen_in_build("/unlisted", tmp_path) is None
    lies = tmp_path / "lies"
    lies.write_text("text")
    lies.chmod(0o640)
    assert module.seen_on_node(lies) is None
    lies.chmod(0o644)
    assert module.seen_on_node(lies) == "text"
    (tmp_path / "link").symlink_to("lies")
    assert module.seen_on_node(tmp_path / "link") is None
    assert module.seen_on_node(tmp_path / "absent") == ""


@pytest.mark.parametrize("name", ["../x", "/x"])
def test_an_archive_cannot_lead_out_of_its_room(
    module: ModuleType, action: ModuleType, tmp_path: Path, name: str
) -> None:
    packed = base64.b64encode(action.pack([(name, b"")])).decode()
    with pytest.raises(ValueError, match="no build of Capsule holds"):
        module.unpack(packed, tmp_path)
    assert not list(tmp_path.iterdir())
