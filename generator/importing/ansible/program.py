"""Ansible's own reader as a sealed process: plugins for files only, no settings of the user's, a time limit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from generator.importing.ansible.inventory import AnsibleInventory
from generator.importing.ansible.listing import BadListing, read_listing
from generator.importing.failures import ImportFailure, failure

PROGRAM = "ansible-inventory"
LONGEST_SECONDS = 300
LONGEST_COMPLAINT = 2000


def find_ansible() -> Path | None:
    """Where Ansible's program lies, or None."""
    found = shutil.which(PROGRAM)
    return None if found is None else Path(found)


def list_inventory(program: Path, path: Path, playbooks: Path | None, seconds: float) -> AnsibleInventory:
    """What ``program`` reads from ``path``, in at most ``seconds``; raises `ImportFailure` (C0701)."""
    with tempfile.TemporaryDirectory(prefix="capsule-import-") as scratch:
        directory = Path(scratch)
        (directory / "ansible.cfg").touch()
        for kind in ("group_vars", "host_vars"):
            # not the playbooks themselves: Ansible would load the plugins that lie beside them
            if playbooks is not None and (playbooks / kind).is_dir():
                (directory / kind).symlink_to((playbooks / kind).resolve())
        command = [str(program.absolute()), "--list", "--playbook-dir", scratch, "--inventory", str(path.absolute())]
        text = _output(command, directory, seconds)
    try:
        return read_listing(text)
    except BadListing as wrong:
        raise _failed(f"{PROGRAM} printed no inventory: {wrong}") from None


def _output(command: list[str], directory: Path, seconds: float) -> str:
    try:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=_environment(directory),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise _failed(f"cannot run {command[0]}: {error.strerror}") from error
    try:
        output, complaint = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise _failed(f"{PROGRAM} did not end within {seconds:g} seconds") from None
    if process.returncode:
        said = complaint.decode("utf-8", "replace").strip()[-LONGEST_COMPLAINT:]
        raise _failed(f"{PROGRAM} ended with {process.returncode}: {' '.join(said.split())}")
    return output.decode("utf-8", "replace")


def _failed(message: str) -> ImportFailure:
    advice = (
        "try it by hand: `ansible-inventory --list -i …`; what needs your own settings, plugins or passwords"
        " can be listed to a file and imported from there; `--reader own` reads without Ansible"
    )
    return failure("C0701", message, advice)


def _environment(directory: Path) -> dict[str, str]:
    """Nothing of the caller's: the same inventory must be read the same way everywhere, and nothing of it be run."""
    nowhere = str(directory / "none")
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
        "ANSIBLE_HOME": nowhere,
        "ANSIBLE_LOCAL_TEMP": nowhere,
        "ANSIBLE_COLLECTIONS_PATH": nowhere,
        "ANSIBLE_INVENTORY_PLUGINS": nowhere,
        "ANSIBLE_VARS_PLUGINS": nowhere,
        "ANSIBLE_INVENTORY_ENABLED": "yaml,ini",
        "ANSIBLE_VARS_ENABLED": "host_group_vars",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_DUPLICATE_YAML_DICT_KEY": "ignore",
        "ANSIBLE_NOCOLOR": "true",
    }
