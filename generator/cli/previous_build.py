"""Keeps a build from replacing one that was made with another fleet secret, unless that is meant."""

from __future__ import annotations

from pathlib import Path

from generator.cli.console import TROUBLE, refuse, trouble
from generator.keys.openssh import fingerprint
from generator.seal import SignatureProblem, signer_of
from generator.seal.assembly import SIGNATURE


def same_secret(deployment: Path, signer: bytes) -> None:
    """Ends the program where the build at ``deployment`` was not sealed by ``signer``, a public key."""
    try:
        before = signer_of((deployment / SIGNATURE).read_bytes())
    except FileNotFoundError:
        return
    except OSError as wrong:
        message = f"cannot read the seal of the earlier build: {wrong.filename}: {wrong.strerror}"
        raise refuse(
            [trouble("C0510", message, "build as the user who made it, or elsewhere with -o")], TROUBLE
        ) from wrong
    except SignatureProblem as wrong:
        _refuse(f"the seal of the build in {deployment} does not say which secret made it ({wrong})")
    else:
        if before != signer:
            made = f"the build in {deployment} was made with another fleet secret"
            _refuse(f"{made}: its seal is {fingerprint(before)}'s, this secret's is {fingerprint(signer)}")


def _refuse(message: str) -> None:
    advice = (
        "use the secret that the nodes were installed with; with this one every ssh key changes, and no node accepts"
        " the new ones before it is installed again: add --new-secret if you mean that"
    )
    raise refuse([trouble("C0606", message, advice)], TROUBLE)
