"""A key that the node made lies beside what was sealed: accepted where it fits, and reported where it does not."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from generator.keys.openssh import public_line
from generator.seal.check import FileType, Found, check_installed
from generator.seal.manifest import Artifact
from generator.seal.reading import read_node
from tests.keys.test_openssh import EDGE, keyring

KEY = "/opt/capsule/lab/ssh/web-1.send_nightly"
PUBLIC = keyring().public_key(EDGE)
SEALED = f"# Generated\n{PUBLIC} depot\n".encode()
OTHER = f"# Generated\n{public_line(b'x' * 32)} depot\n".encode()


def artifact(path: str, kind: str, content: bytes) -> Artifact:
    digest = hashlib.sha256(content).hexdigest()
    return Artifact(
        node="depot",
        path=path,
        owner="root",
        group="data",
        mode=0o440,
        sha256=digest,
        kind=kind,
        sensitive=False,
        origin="nodes.depot.own_keys",
        place="",
    )


def node(tmp_path: Path, sealed: bytes, key: bytes | None) -> tuple[tuple[Artifact, ...], dict[str, Found]]:
    """What was sealed for a node, and what is found there; owners are those that it should have."""
    artifacts = (
        artifact(f"{KEY}.own", "own_key", sealed),
        artifact("/opt/capsule/lab/manifest.json", "manifest", b""),
    )
    for path, content in ((f"{KEY}.own", sealed), ("/opt/capsule/lab/manifest.json", b""), (KEY, key)):
        if content is not None:
            place = tmp_path / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            place.chmod(0o440)
    found = read_node(tmp_path, "lab", artifacts)
    mine = {path: replace(one, owner="root", group="data") for path, one in found.items()}
    directories = {path for path, one in mine.items() if one.type is FileType.DIRECTORY}
    return artifacts, {path: replace(one, mode=0o755) if path in directories else one for path, one in mine.items()}


def private() -> bytes:
    return keyring().private_key(EDGE)


@pytest.mark.parametrize("sealed", [SEALED, b"# Generated\n"], ids=["known", "not known yet"])
def test_a_key_that_fits_is_no_stranger(tmp_path: Path, sealed: bytes) -> None:
    assert check_installed(*node(tmp_path, sealed, private())) == ()


@pytest.mark.parametrize(
    ("sealed", "key", "problem", "said"),
    [
        (SEALED, None, "missing", "it is not there"),
        (OTHER, private(), "key", f"its public half is {PUBLIC}, which was not sealed"),
        (SEALED, b"no key at all\n", "key", "it is not an ssh-ed25519 key without a passphrase"),
        (SEALED, b"a word\n" + private(), "key", "it is not an ssh-ed25519 key without a passphrase"),
    ],
    ids=["missing", "another", "none", "ssh reads none"],
)
def test_what_does_not_fit_is_reported(
    tmp_path: Path, sealed: bytes, key: bytes | None, problem: str, said: str
) -> None:
    (finding,) = check_installed(*node(tmp_path, sealed, key))
    assert (finding.path, finding.problem) == (KEY, problem)
    assert said in finding.message


def test_owner_and_mode_are_those_of_the_file_beside_it(tmp_path: Path) -> None:
    artifacts, found = node(tmp_path, SEALED, private())
    found[KEY] = replace(found[KEY], group="root", mode=0o444)
    assert [(one.path, one.problem) for one in check_installed(artifacts, found)] == [(KEY, "mode"), (KEY, "owner")]
    linked = {**found, KEY: Found(type=FileType.OTHER, mode=0o777, owner="root", group="data")}
    assert [one.problem for one in check_installed(artifacts, linked)] == ["type"]
