"""The controller's half of ``capsule.fleet.node``: packs the host's own directory of the build, and nothing else."""

from __future__ import annotations

import base64
import io
import re
import stat
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.release import __version__ as ansible_version

from ansible.plugins.action import ActionBase

OLDEST_ANSIBLE = (2, 16)
# by state: what a node needs of its directory; who takes programs away needs no keys
WANTED = {
    "present": ("install.sh", "preview.sh", "manifest.json", "root"),
    "absent": ("remove.sh", "preview-removal.sh", "manifest.json"),
}


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """One transfer and one run for each host, with or without ``--check``."""

    _requires_connection = True
    _VALID_ARGS = frozenset(("build", "name", "state"))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Hand the node what its state needs; every refusal comes before anything is sent."""
        super().run(tmp, task_vars)
        refuse_old_ansible(ansible_version)
        build, name = self._task.args.get("build"), self._task.args.get("name")
        state = self._task.args.get("state", "present")
        if not isinstance(build, str) or not isinstance(name, str) or state not in WANTED:
            raise AnsibleActionFail("capsule.fleet.node needs build, name, and a state of present or absent")
        archive = pack(node_files(Path(build), name, WANTED[state]))
        result: dict[str, Any] = self._execute_module(
            module_name="capsule.fleet.node",
            module_args={"archive": base64.b64encode(archive).decode(), "state": state},
            task_vars=task_vars,
        )
        return result


def refuse_old_ansible(version: str) -> None:
    """Fail, before anything is done, under an ansible-core that this collection was not made for."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_ANSIBLE:
        oldest = ".".join(str(number) for number in OLDEST_ANSIBLE)
        raise AnsibleActionFail(f"this is ansible-core {version}, and capsule.fleet needs {oldest} or newer")


def node_files(build: Path, name: str, wanted: tuple[str, ...]) -> list[tuple[str, bytes]]:
    """Relative path and content of the ``wanted`` files of a node, sorted; fails for a node that the build lacks."""
    nodes = build / "nodes"
    if not nodes.is_dir():
        raise AnsibleActionFail(f"{build} is not what gen build wrote for a deployment: it has no directory nodes")
    known = sorted(path.name for path in nodes.iterdir())
    if name not in known:
        raise AnsibleActionFail(f"{name} is not a node of this build, which has {', '.join(known)}")
    top = nodes / name
    try:
        paths = [path for one in wanted for path in _below(top / one)]
        return sorted((path.relative_to(top).as_posix(), path.read_bytes()) for path in paths)
    except OSError as error:
        raise AnsibleActionFail(f"the build is not whole, build again: {error}") from error


def _below(path: Path) -> Iterator[Path]:
    """``path`` itself if it is a file, else every file below it; anything but files and directories is refused."""
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        yield path
    elif stat.S_ISDIR(mode):
        for inside in path.iterdir():
            yield from _below(inside)
    else:
        raise AnsibleActionFail(f"{path} is neither a file nor a directory: no build of Capsule has such a thing")


def pack(files: list[tuple[str, bytes]]) -> bytes:
    """A compressed tar whose bytes depend on names and contents only."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return zlib.compress(packed.getvalue(), 6)
