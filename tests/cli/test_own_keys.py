"""Keys that nodes make by themselves, from the inventory to the build, the review, `gen verify` and `gen keys`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from compiled import compiled

from generator.keys import FleetSecret, Keyring
from tests.cli.fleet import gen, small_fleet

KEYRING = Keyring(FleetSecret(b"test" * 8), "kaizen")
NODE, SERVER = "services-1", "website"
EDGE = f"{SERVER}.send_nightly"
KEY = f"opt/capsule/kaizen/ssh/{EDGE}"
LINES = "var/lib/backupoperator/.ssh/authorized_keys"
# public halves of keys that nobody holds
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGurzZ1FeonxdRhX0uLJ15CcHO2OjF5R432tWX3wIigN"
FIRST, SECOND = (f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{'A' * 42}{last}" for last in "BC")


def owned(directory: Path, value: str, name: str = EDGE, node: str = NODE) -> Path:
    """The example fleet, in which a node makes a key by itself."""
    inventory = small_fleet(directory)
    text = inventory.read_text()
    inventory.write_text(re.sub(rf"(?m)^  {node}:.*$", rf'\g<0>\n    own_keys: {{"{name}": {value}}}', text, count=1))
    return inventory


def files_of(inventory: Path) -> dict[str, bytes]:
    """Every file of a build, by path."""
    return {file.path: bytes(file.content) for file in compiled(inventory, KEYRING).files}


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Builds in which the key is given, is not known yet, and is known with its successor."""
    made = {}
    for name, value in (("given", ""), ("unknown", "unknown"), ("known", f'["{FIRST}", "{SECOND}"]')):
        directory = tmp_path_factory.mktemp(name)
        made[name] = files_of(owned(directory, value) if value else small_fleet(directory))
    return made


def lines(files: dict[str, bytes]) -> list[str]:
    """Who may come in to the server, without the header."""
    text = files.get(f"nodes/{SERVER}/root/{LINES}", b"").decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_the_peer_lets_in_the_nodes_own_keys_as_it_would_a_given_one(builds: dict[str, dict[str, bytes]]) -> None:
    given, known = lines(builds["given"]), lines(builds["known"])
    (old,) = set(given) - set(known)
    new = sorted(set(known) - set(given))
    derived = re.search(r"ssh-ed25519 \S+", old)
    assert derived
    said = f"a key that {NODE} made"
    expected = [old.replace(derived[0], key).replace("key epoch 1", said) for key in (FIRST, SECOND)]
    assert new == sorted(expected)


def test_a_key_that_nobody_knows_lets_nobody_in(builds: dict[str, dict[str, bytes]], tmp_path: Path) -> None:
    given, unknown = lines(builds["given"]), lines(builds["unknown"])
    assert len(set(given) - set(unknown)) == 1
    assert set(unknown) == set()
    inventory = owned(tmp_path, "unknown")
    warned = gen("check", inventory)
    assert (warned.exit_code, "C0464" in warned.stderr) == (0, True)
    assert f"nobody knows the key `{EDGE}` of `{NODE}` yet" in warned.stderr
    assert f"it cannot run send_nightly on `{SERVER}`" in warned.stderr
    assert "1 more wait for a key" in warned.stderr
    assert re.search(r"kaizen\.yml:\d+:\d+", warned.stderr)
    assert files_of(inventory) == builds["unknown"]


@pytest.mark.parametrize("name", ["unknown", "known"])
def test_no_build_holds_a_private_half(builds: dict[str, dict[str, bytes]], name: str) -> None:
    root = f"nodes/{NODE}/root"
    assert f"{root}/{KEY}" not in builds[name]
    sealed = builds[name][f"{root}/{KEY}.own"].decode()
    halves = [line.split(" ")[1] for line in sealed.splitlines() if line[0] != "#"]
    assert halves == ([] if name == "unknown" else [FIRST.split()[1], SECOND.split()[1]])
    secret = builds["given"][f"{root}/{KEY}"].splitlines()[3]
    assert not [path for path, content in builds[name].items() if secret in content]


def test_the_review_says_who_made_the_key(builds: dict[str, dict[str, bytes]]) -> None:
    holder, server = f"review/nodes/{NODE}.md", f"review/nodes/{SERVER}.md"
    assert b"made by the node itself: not known yet, and accepted nowhere" in builds["unknown"][holder]
    assert b"made by the node itself: SHA256:" in builds["known"][holder]
    assert f"on {NODE}, which made it by itself".encode() in builds["known"][server]


def test_keys_show_and_rotate_know_them(tmp_path: Path) -> None:
    inventory = owned(tmp_path, f'"{FIRST}"')
    said = gen("keys", "show", inventory).stdout
    assert f"may run send_nightly on {SERVER}, by a key of its own" in said
    assert f"{FIRST} {NODE}:{EDGE}" in said
    refused = gen("keys", "rotate", inventory, "--edge", EDGE)
    assert (refused.exit_code, "makes the key" in refused.output) == (2, True)
    inventory.write_text(f"{inventory.read_text()}\nkeys: {{epoch: 3, accept_previous: true}}\n")
    assert [FIRST in line for line in lines(files_of(inventory))] == [True]


def test_why_names_the_line(tmp_path: Path) -> None:
    inventory = owned(tmp_path, "unknown")
    said = gen("why", f"/{KEY}.own", "--inventory", inventory)
    assert f"nodes.{NODE}.own_keys.{EDGE}" in said.stdout


@pytest.mark.parametrize(
    ("value", "name", "node", "code", "said"),
    [
        ("unknown", "website.send", NODE, "C0462", "did you mean `website.send_nightly`?"),
        ("unknown", EDGE, SERVER, "C0462", "its private half lies on another node"),
        (HOST_KEY, EDGE, NODE, "C0463", "host key"),
    ],
)
def test_what_cannot_be_is_said_at_its_place(
    tmp_path: Path, value: str, name: str, node: str, code: str, said: str
) -> None:
    inventory = owned(tmp_path, value, name, node)
    checked = gen("check", inventory)
    assert checked.exit_code == 1
    assert code in checked.stderr
    assert said in checked.stderr
    line = next(number for number, one in enumerate(inventory.read_text().splitlines(), start=1) if "own_keys" in one)
    assert f"kaizen.yml:{line}:16" in checked.stderr


def test_one_key_opens_one_thing(tmp_path: Path) -> None:
    inventory = owned(tmp_path, f'"{FIRST}", "compute-1.send_nightly": "{FIRST}"')
    checked = gen("check", inventory)
    assert (checked.exit_code, "C0463" in checked.stderr, "are the same" in checked.stderr) == (1, True, True)


def test_a_derived_key_is_nobodys_own(builds: dict[str, dict[str, bytes]], tmp_path: Path) -> None:
    given = tmp_path / "key"
    given.write_bytes(builds["given"][f"nodes/{NODE}/root/{KEY}"])
    given.chmod(0o600)
    public = subprocess.run(["ssh-keygen", "-y", "-f", given], capture_output=True, text=True, check=True).stdout
    refused = gen("build", owned(tmp_path, f'"{" ".join(public.split()[:2])}"'), "-o", tmp_path / "output")
    assert refused.exit_code == 1
    assert "C0608" in refused.stderr
    assert f"is derived for {EDGE} of {NODE}, epoch 1" in refused.stderr
    assert not (tmp_path / "output").exists()
