"""What a machine must have before a lab can be started on it."""

from __future__ import annotations

import os
import shutil
import sys

from generator.lab.errors import LabError, LabUnavailable
from generator.lab.execution import outside

TOOLS = {
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "mount": "mount",
    "nsenter": "util-linux",
    "pivot_root": "util-linux",
    "unshare": "util-linux",
}


def require_lab() -> None:
    """Return if hosts can be started here; raises `LabUnavailable` with the reason."""
    if not sys.platform.startswith("linux"):
        raise LabUnavailable("the lab needs Linux")
    if os.geteuid() != 0:
        raise LabUnavailable("the lab needs root, for namespaces and mounts")
    missing = sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
    if missing:
        raise LabUnavailable(f"the lab needs the packages {' '.join(missing)}")
    try:
        outside(["unshare", "-m", "-u", "-i", "-n", "-p", "-f", "mount", "-t", "tmpfs", "probe", "/mnt"])
    except LabError as error:
        raise LabUnavailable(f"this machine does not let the lab make namespaces and mounts: {error}") from error
