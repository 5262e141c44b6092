"""Compares what a manifest says with what was found; rules only, no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from generator.emit.tree import directory_modes, output_mode
from generator.keys.openssh import Malformed, fingerprint, parse_public_line
from generator.plan import OWN_KEY_SUFFIX
from generator.seal.assembly import MANIFEST, SIGNATURE, SIGNERS
from generator.seal.manifest import Artifact, FleetManifest
from generator.seal.signature import NAMESPACE

OWN_KEY = "own_key"


class Problem(Enum):
    """In what way a path is not as it was sealed; the value is its name in machine-readable output."""

    ALTERED = "altered"
    MISSING = "missing"
    EXTRA = "extra"
    MODE = "mode"
    OWNER = "owner"
    KEY = "key"
    TYPE = "type"


class FileType(Enum):
    """What lies at a path."""

    FILE = "file"
    DIRECTORY = "directory"
    OTHER = "symbolic link or special file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies at a path: ``digest`` is the sha256 of a file's bytes, owners are names or numbers.

    ``public`` are public keys (``type base64``): of a key that the node made its own half, of the sealed file beside
    it those that the key may have.
    """

    type: FileType
    mode: int
    owner: str = ""
    group: str = ""
    digest: str = ""
    public: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One difference from the seal: where, in what way, and in words."""

    path: str
    problem: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    digest: str
    mode: int


def check_built(manifest: FleetManifest, found: Mapping[str, Found]) -> tuple[Finding, ...]:
    """Differences of a built tree; ``found`` has every path below the deployment's directory, relative to it."""
    files = _built_files(manifest)
    modes = directory_modes(
        [(_built_path(one), one.sensitive) for one in manifest.artifacts]
        + [(file.path, file.sensitive) for file in manifest.files]
    )
    findings: list[Finding] = []
    for path, expected in files.items():
        findings += _compare(path, expected, found.get(path))
    for path, mode in modes.items():
        findings += _compare_directory(path, mode, found.get(path))
    known = {*files, *modes, MANIFEST, SIGNATURE, SIGNERS}
    findings += _unlike_a_file(SIGNERS, found.get(SIGNERS))
    findings += (_finding(path, Problem.EXTRA, "it is not part of the build") for path in found if path not in known)
    return tuple(sorted(findings))


def check_signers(deployment: str, content: bytes, accepted: Collection[bytes], signer: bytes) -> tuple[Finding, ...]:
    """What is wrong with ``allowed_signers``, which no manifest can seal: it holds what people compare by hand.

    It must name ``signer``, who signed, and beside it only ``accepted`` public keys.
    """
    try:
        keys = {_signer(deployment, line) for line in content.decode().splitlines()}
    except (Malformed, UnicodeDecodeError):
        return (_finding(SIGNERS, Problem.ALTERED, "it is not as `gen build` writes it"),)
    strange = sorted(fingerprint(key) for key in keys.difference(accepted))
    if strange:
        return (_finding(SIGNERS, Problem.ALTERED, f"it names {', '.join(strange)}, not an accepted signer"),)
    if signer not in keys:
        return (_finding(SIGNERS, Problem.ALTERED, "it does not name the key that signed"),)
    return ()


def _signer(deployment: str, line: str) -> bytes:
    head, found, key = line.partition(f'{deployment} namespaces="{NAMESPACE}" ')
    if head or not found:
        raise Malformed("no line of allowed signers for this deployment")
    return parse_public_line(key)


def check_installed(artifacts: Iterable[Artifact], found: Mapping[str, Found]) -> tuple[Finding, ...]:
    """Differences of one node; ``found`` has the artifacts' paths, their parents, and all that is in their places.

    Every directory on the way to an artifact must be root's, and writable by nobody else: who can rename a directory
    can exchange what is in it.
    """
    expected = {one.path: one for one in artifacts}
    findings: list[Finding] = []
    for path, artifact in expected.items():
        findings += _compare(path, _Expected(digest=artifact.sha256, mode=artifact.mode), found.get(path))
        findings += _compare_owner(artifact, found.get(path))
    made = {made_key(one): one for one in expected.values() if one.kind == OWN_KEY}
    for path, artifact in made.items():
        findings += _compare_made(path, artifact, found)
    parents = {parent for path in expected for parent in parents_of(path)}
    for path, what in found.items():
        if path in parents:
            findings += _loose_directory(path, what)
        elif path not in expected and path not in made:
            findings.append(_finding(path, Problem.EXTRA, "nothing of this name was sealed for this node"))
    return tuple(sorted(findings))


def made_key(artifact: Artifact) -> str:
    """Where the key lies that the node has made, and that ``artifact``, of the kind `OWN_KEY`, speaks of."""
    return artifact.path.removesuffix(OWN_KEY_SUFFIX)


def _compare_made(path: str, artifact: Artifact, found: Mapping[str, Found]) -> Iterator[Finding]:
    """No seal knows the key's bytes: it must have owner and mode of the file beside it, and fit what that says."""
    key, beside = found.get(path), found.get(artifact.path)
    yield from _unlike_a_file(path, key)
    if key is None or key.type is not FileType.FILE:
        return
    if key.mode != artifact.mode:
        yield _finding(path, Problem.MODE, f"its mode is {key.mode:04o}, sealed was {artifact.mode:04o}")
    yield from _compare_owner(replace(artifact, path=path), key)
    known = beside.public if beside is not None and beside.digest == artifact.sha256 else ()
    if not key.public:
        yield _finding(path, Problem.KEY, "it is not an ssh-ed25519 key without a passphrase")
    elif known and key.public[0] not in known:
        yield _finding(path, Problem.KEY, f"its public half is {key.public[0]}, which was not sealed")


def parents_of(path: str) -> Iterator[str]:
    """Every directory above ``path``, nearest first, ``/`` last."""
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        yield path


def _built_path(artifact: Artifact) -> str:
    return f"nodes/{artifact.node}/root{artifact.path}"


def _built_files(manifest: FleetManifest) -> dict[str, _Expected]:
    expected = {
        _built_path(one): _Expected(
            digest=one.sha256, mode=output_mode(one.mode, sensitive=one.sensitive, on_node=True)
        )
        for one in manifest.artifacts
    }
    expected |= {file.path: _Expected(digest=file.sha256, mode=file.mode) for file in manifest.files}
    return expected


def _unlike_a_file(path: str, found: Found | None) -> Iterator[Finding]:
    if found is None:
        yield _finding(path, Problem.MISSING, "it is not there")
    elif found.type is not FileType.FILE:
        yield _finding(path, Problem.TYPE, f"it is a {found.type.value}, not a file")


def _compare(path: str, expected: _Expected, found: Found | None) -> Iterator[Finding]:
    yield from _unlike_a_file(path, found)
    if found is None or found.type is not FileType.FILE:
        return
    if found.digest != expected.digest:
        yield _finding(path, Problem.ALTERED, f"its sha256 is {found.digest}, sealed was {expected.digest}")
    if found.mode != expected.mode:
        yield _finding(path, Problem.MODE, f"its mode is {found.mode:04o}, sealed was {expected.mode:04o}")


def _compare_directory(path: str, mode: int, found: Found | None) -> Iterator[Finding]:
    if found is None:
        return  # the files that should be in it are reported
    if found.type is not FileType.DIRECTORY:
        yield _finding(path, Problem.TYPE, f"it is a {found.type.value}, not a directory")
    elif found.mode != mode:
        yield _finding(path, Problem.MODE, f"its mode is {found.mode:04o}, it should be {mode:04o}")


def _compare_owner(artifact: Artifact, found: Found | None) -> Iterator[Finding]:
    if found is None or (found.owner, found.group) == (artifact.owner, artifact.group):
        return
    message = f"it belongs to {found.owner}:{found.group}, sealed was {artifact.owner}:{artifact.group}"
    yield _finding(artifact.path, Problem.OWNER, message)


def _loose_directory(path: str, found: Found) -> Iterator[Finding]:
    if found.type is not FileType.DIRECTORY:
        yield _finding(path, Problem.TYPE, f"it is a {found.type.value}, not a directory")
    elif found.owner != "root":
        yield _finding(path, Problem.OWNER, f"the directory belongs to {found.owner}, not to root")
    elif found.mode & 0o022:
        yield _finding(path, Problem.MODE, f"others than root may write to the directory (mode {found.mode:04o})")


def _finding(path: str, problem: Problem, message: str) -> Finding:
    return Finding(path=path, problem=problem.value, message=message)
