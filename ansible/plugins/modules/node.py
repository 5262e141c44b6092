"""The node's half of ``capsule.fleet.node``: unpacks what it was given and runs the script that is asked for."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: node
short_description: Puts a compiled node's backup programs in place, or takes them away
version_added: "0.1.0"
description:
  - Hands the host its own directory of a build of Capsule, as one transfer, and runs the installer or the remover
    that lies in it. With C(--check) their previews are run, which say the same and change nothing.
  - What they refuse (another host, packages that are missing, a program that runs, files of others) fails with their
    words, and nothing was changed.
  - No content of what is handed over appears in any output or log. With C(--diff) only files that every user of the
    node may read, and sudoers, are shown.
options:
  build:
    description: The directory of the deployment that C(gen build) wrote, on the controller.
    type: path
    required: true
  name:
    description: The node's name in the inventory of Capsule.
    type: str
    required: true
  state:
    description: Whether the programs are to be there. Backups, logs and state stay in any case.
    type: str
    choices: [absent, present]
    default: present
attributes:
  check_mode:
    support: full
    description: Says exactly what would change.
  diff_mode:
    support: partial
    description: Does not show what is secret.
author:
  - The Capsule project (@capsule)
"""

EXAMPLES = r"""
- name: Put the programs of this host in place
  capsule.fleet.node:
    build: /srv/backup/output/kaizen
    name: "{{ inventory_hostname }}"
"""

RETURN = r"""
changes:
  description: What was changed, or with C(--check) would be, in the words of the installer or the remover.
  type: list
  elements: str
  returned: always
kept:
  description: What the remover has left where it is.
  type: list
  elements: str
  returned: always
own_keys:
  description: The public halves of keys that the node has made by itself and the inventory does not know yet, by the
    key's name. They are shown as warnings, too.
  type: dict
  returned: always
said:
  description: What the script had to complain about.
  type: list
  elements: str
  returned: always
packages_missing:
  description: Whether the installer refused because packages are missing.
  type: bool
  returned: always
"""

import base64
import difflib
import fcntl
import io
import json
import os
import re
import shutil
import signal
import stat
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

# by state: what does it, and what only says so
SCRIPTS = {"present": ("install.sh", "preview.sh"), "absent": ("remove.sh", "preview-removal.sh")}
UNAVAILABLE = 69  # of sysexits(3), as the scripts use it
LAST_LINE = re.compile(r"nothing to do: .*|.*: \d+ changes")
OWN_KEY = re.compile(r"own key (\S+): (ssh-ed25519 \S+)")
CHANGED_FILE = re.compile(
    r"(?:placed|replaced|removed) (/.*?)(?:, (?:which had been altered|left by an interrupted).*)?"
)
SUDOERS = Path("/etc/sudoers.d")
READABLE = 0o004
LARGEST_SHOWN = 1 << 20
RUN = Path("/run")  # in memory: a private key touches the disk only where it belongs
ROOM = "capsule-ansible."


def main() -> None:
    """Run as a module of Ansible."""
    module = AnsibleModule(
        argument_spec={
            "archive": {"type": "str", "required": True, "no_log": True},
            "state": {"type": "str", "choices": sorted(SCRIPTS), "default": "present"},
        },
        supports_check_mode=True,
    )
    if os.geteuid() != 0:
        module.fail_json(msg="must be run by root: set become", changed=False)
    # what has begun is ended in order, also when the connection breaks
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    clear_leftovers()
    room = Path(tempfile.mkdtemp(prefix=ROOM, dir=RUN))
    held = os.open(room, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        unpack(module.params["archive"], room)
        result = run(module, room)
    finally:
        shutil.rmtree(room)
    if "msg" in result:
        module.fail_json(**result)
    module.exit_json(**result)


def clear_leftovers() -> None:
    """Remove what a killed run of this module has left; one that still runs holds a lock."""
    for path in RUN.glob(f"{ROOM}*"):
        left = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(path)
        finally:
            os.close(left)


def unpack(archive: str, room: Path) -> None:
    """Write the files of the archive into ``room``, for root's eyes only; they are plain files and nothing else."""
    content = io.BytesIO(zlib.decompress(base64.b64decode(archive)))
    with tarfile.open(fileobj=content, mode="r:") as packed:
        for member in packed:
            source = packed.extractfile(member) if member.isreg() else None
            if source is None or member.name.startswith("/") or ".." in member.name.split("/"):
                raise ValueError(f"no build of Capsule holds {member.name}")
            path = room / member.name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=False)
            path.write_bytes(source.read())


def run(module: AnsibleModule, room: Path) -> dict[str, Any]:
    """What the module has to say in the end; with ``msg`` if it failed."""
    doing, previewing = SCRIPTS[module.params["state"]]
    diffs: list[dict[str, str]] | None = None
    if module._diff:
        status, out, err = call(module, room, previewing)
        lines = split(out)[0] if status == 0 else []
        diffs = [diff for line in lines for diff in file_diff(line, room)]
    if not (module._diff and module.check_mode):
        status, out, err = call(module, room, previewing if module.check_mode else doing)
    changes, kept, ended = split(out)
    result: dict[str, Any] = {
        "changed": bool(changes),
        "changes": changes,
        "kept": kept,
        "own_keys": own_keys(out),
        "said": err.splitlines(),
        "packages_missing": status == UNAVAILABLE and "packages are missing: " in err,
    }
    for name, public in result["own_keys"].items():
        module.warn(f"the inventory does not know this node's own key {name} yet: {public}")
    if diffs is not None:
        result["diff"] = diffs
    if status != 0 or not ended:
        result["msg"] = err.strip() or f"{doing} ended with {status} and said nothing"
        result["rc"] = status
    return result


def call(module: AnsibleModule, room: Path, script: str) -> tuple[int, str, str]:
    """Status and outputs of a script, which settles its own environment."""
    ended: tuple[int, str, str] = module.run_command(["/bin/bash", str(room / script)], cwd="/")
    return ended


def split(out: str) -> tuple[list[str], list[str], bool]:
    """The changes, what was kept, and whether the script came to its end, which the line with the count says."""
    changes: list[str] = []
    kept: list[str] = []
    ended = False
    for line in out.splitlines():
        if LAST_LINE.fullmatch(line) and not ended:
            ended = True
        elif line.startswith("kept "):
            kept.append(line)
        elif not OWN_KEY.fullmatch(line):
            changes.append(line)
    return changes, kept, ended


def own_keys(out: str) -> dict[str, str]:
    """The public halves that a script has told, by the key's name."""
    told = (OWN_KEY.fullmatch(line) for line in out.splitlines())
    return {one[1]: one[2] for one in told if one is not None}


def file_diff(change: str, room: Path) -> list[dict[str, str]]:
    """The difference that a ``change`` makes to a file, for people; none if it is not about one."""
    named = CHANGED_FILE.fullmatch(change)
    if named is None or Path(named[1]).is_dir():
        return []
    path = named[1]
    before = seen_on_node(Path(path))
    after = "" if change.startswith("removed ") else seen_in_build(path, room)
    if before is None or after is None:
        return [{"prepared": f"{path}: what it holds is not shown\n"}]
    if before == after:
        return [{"prepared": f"{path}: only its owner or mode\n"}]
    texts = (before.splitlines(True), after.splitlines(True))
    return [{"prepared": "".join(difflib.unified_diff(*texts, f"before: {path}", f"after: {path}"))}]


def seen_on_node(path: Path) -> str | None:
    """What lies at ``path``; None if it must not be shown: only what every user may read is, and sudoers."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            open_to_all = status.st_mode & READABLE or path.parent == SUDOERS
            if not stat.S_ISREG(status.st_mode) or not open_to_all or status.st_size > LARGEST_SHOWN:
                return None
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError:
        return None


def seen_in_build(path: str, room: Path) -> str | None:
    """What the build has for ``path``; None if it must not be shown: only what its manifest calls harmless is."""
    artifacts = {one["path"]: one for one in json.loads((room / "manifest.json").read_text("utf-8"))["artifacts"]}
    # the manifest does not list itself
    if artifacts.get(path, {"sensitive": not path.endswith("/manifest.json")})["sensitive"]:
        return None
    return (room / f"root{path}").read_bytes().decode("utf-8", "replace")


if __name__ == "__main__":
    main()
