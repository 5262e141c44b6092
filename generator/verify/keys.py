"""Files that ssh and sshd read: every line by a strict parser here, one file of each shape by ssh-keygen."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

from generator.keys.openssh import Malformed, parse_public_line, public_line
from generator.verify.report import Fault, Unverified, VerificationReport
from generator.verify.subjects import Subject, one_of_each_shape
from generator.verify.tools import run, words

LineCheck: TypeAlias = Callable[[str], "str | None"]

_AUTHORIZED = re.compile(
    r'restrict,from="[0-9A-Za-z.:,/-]+",command="/[A-Za-z0-9/._+-]+ -n /[A-Za-z0-9/._+-]+" '
    r"(ssh-ed25519 [A-Za-z0-9+/]+=*) [A-Za-z0-9/._+:=,@-]+( [A-Za-z0-9/._+:=,@-]+)*"
)
_KNOWN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]* ([a-z0-9@.-]+) ([A-Za-z0-9+/]+=*)")


def verify_authorized_keys(
    subjects: Sequence[Subject], tools: Mapping[str, Path], scratch: Path
) -> VerificationReport:
    """Every line is one restricted forced command, and ssh-keygen sees a key on each."""
    return _verify_lines(subjects, tools, scratch / "authorized_keys", _authorized_problem)


def verify_known_hosts(subjects: Sequence[Subject], tools: Mapping[str, Path], scratch: Path) -> VerificationReport:
    """Every line is one plain name with one key, and ssh-keygen sees a key on each."""
    return _verify_lines(subjects, tools, scratch / "known_hosts", _known_problem)


def verify_private_keys(subjects: Sequence[Subject], tools: Mapping[str, Path]) -> VerificationReport:
    """Every key loads and belongs to its public half; ssh-keygen reads the first one as we do."""
    faults = [
        Fault(where=subject.where, rule="private key", what=problem)
        for subject in subjects
        if (problem := _private_problem(subject.file.content)) is not None
    ]
    if "ssh-keygen" not in tools:
        missing = Unverified(tool="ssh-keygen", what="that OpenSSH reads the private keys", count=len(subjects))
        return VerificationReport(faults=tuple(faults), unverified=(missing,))
    subject = subjects[0]
    # over a pipe: a build that is killed must not leave a key behind
    outcome = run(tools["ssh-keygen"], "-y", "-P", "", "-f", "/dev/stdin", content=subject.file.content)
    if not faults and (outcome.status != 0 or outcome.output.split()[:2] != _public(subject.file.content).split()):
        faults.append(Fault(where=subject.where, rule="ssh-keygen", what=words(outcome)))
    return VerificationReport(faults=tuple(faults), shapes=1)


def verify_own_keys(subjects: Sequence[Subject]) -> VerificationReport:
    """Every line is one public key with a comment, and nothing in the file is a private one."""
    faults = [
        Fault(where=f"{subject.where}:{number}", rule="line", what=problem)
        for subject in subjects
        for number, line in _entries(subject)
        if (problem := _public_problem(line)) is not None
    ]
    return VerificationReport(faults=tuple(faults), shapes=len(one_of_each_shape(subjects)))


def _verify_lines(
    subjects: Sequence[Subject], tools: Mapping[str, Path], scratch: Path, check: LineCheck
) -> VerificationReport:
    faults = [
        Fault(where=f"{subject.where}:{number}", rule="line", what=problem)
        for subject in subjects
        for number, line in _entries(subject)
        if (problem := check(line)) is not None
    ]
    if "ssh-keygen" not in tools:
        missing = Unverified(tool="ssh-keygen", what=f"that OpenSSH reads {scratch.name}", count=len(subjects))
        return VerificationReport(faults=tuple(faults), unverified=(missing,))
    shapes = one_of_each_shape(subjects)
    for subject in shapes:
        scratch.write_bytes(subject.file.content)
        outcome = run(tools["ssh-keygen"], "-l", "-f", str(scratch))
        expected = len(_entries(subject))
        if outcome.status != 0 or len(outcome.output.splitlines()) != expected:
            what = f"it should see {expected} keys: {words(outcome)}"
            faults.append(Fault(where=subject.where, rule="ssh-keygen", what=what))
    return VerificationReport(faults=tuple(faults), shapes=len(shapes))


def _entries(subject: Subject) -> list[tuple[int, str]]:
    lines = enumerate(subject.file.content.decode().splitlines(), start=1)
    return [(number, line) for number, line in lines if not line.startswith("#")]


def _authorized_problem(line: str) -> str | None:
    found = _AUTHORIZED.fullmatch(line)
    if found is None:
        return "it is not a restricted forced command with its addresses and one key"
    return _public_problem(found[1])


def _public_problem(line: str) -> str | None:
    try:
        parse_public_line(line)
    except Malformed as wrong:
        return str(wrong)
    return None


def _known_problem(line: str) -> str | None:
    found = _KNOWN.fullmatch(line)
    if found is None:
        return "it is not one plain host name, a type and a key"
    try:
        blob = base64.b64decode(found[2], validate=True)
    except ValueError:
        return "the base64 of its key is damaged"
    # a key names its own type first: another one in front of it would never match
    size = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + size] != found[1].encode():
        return "the type in front of the key is not the type in it"
    return None


def _private_problem(content: bytes) -> str | None:
    try:
        _public(content)
    except ValueError as wrong:
        return str(wrong)
    return None


def _public(content: bytes) -> str:
    # the library compares the public half in the file with the seed itself and refuses a pair that does not fit
    key = load_ssh_private_key(content, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("it is not an Ed25519 key")
    return public_line(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
