"""Small builds as the Puppet delivery hands them over."""

from __future__ import annotations

import json
from dataclasses import replace

from generator.deliveries.puppet import FLEET_DELIVERY
from generator.render import Kind, RenderedFile, RenderedNode
from generator.render.model import FleetFile
from tests.deliveries.box import Box, Ended
from tests.deliveries.builds import LIBRARY, Build

ENVIRONMENT = "/root/environments/fleet"
# facts that nobody asks for here take a good part of a run's time, and some of them would ask a cloud
UNASKED = (
    "EC2",
    "GCE",
    "Azure",
    "Xen",
    "augeas",
    "desktop management interface",
    "disks",
    "file system",
    "hypervisors",
    "load_average",
    "memory",
    "processor",
    "uptime",
    "virtualization",
)
FACTER = f"facts : {{ blocklist : {json.dumps(UNASKED)} }}\n"
# what YAML, JSON, Hiera and Puppet's own language each take for something else
NOT_TEXT = b"\xff\x00\r\n\xc2\x85"
HOSTILE = "#!/bin/bash\necho '%{http_code} %%{x} ${x} $(x) \\n \" \u00e4 \U0001f600 <%= x %>: - # \t'  \n \n"


def hostile() -> Build:
    """A build with every kind of file and with contents that do not pass everywhere unchanged."""
    build = Build()
    build.files = [_hostile(file) for file in build.files]
    build.makes_key()
    for kind in (Kind.SERVICE, Kind.TIMER):
        name = f"capsule-kaizen-x.{kind.value}"
        build.files.append(build.file(f"/etc/systemd/system/{name}", kind, "[Unit]\n", 0o644))
    return build


def _hostile(file: RenderedFile) -> RenderedFile:
    if file.kind is Kind.KNOWN_HOSTS:
        return replace(file, content=NOT_TEXT)
    return replace(file, content=HOSTILE.encode()) if file.path.endswith("backup_nightly") else file


def node_of(build: Build) -> RenderedNode:
    """What the renderer and the seal would hand over."""
    files = tuple(sorted(build.files, key=lambda file: file.path))
    plan = replace(build.plan(), certname=build.hostname)
    return RenderedNode(plan=plan, build_id=f"build{build.version}", files=files)


def deliver(*builds: Build) -> dict[str, FleetFile]:
    """The environment of a fleet of ``builds``, by path."""
    nodes = tuple(node_of(build) for build in builds)
    found = FLEET_DELIVERY.deliver_fleet(builds[0].deployment, builds[0].paths, nodes, LIBRARY)
    return {file.path: file for file in found}


def put(build: Build, box: Box) -> None:
    """Copy the environment into the box, as an administrator would."""
    box.run("rm", "-rf", ENVIRONMENT)
    for path, file in deliver(build).items():
        inside = f"{ENVIRONMENT}/{path.removeprefix('puppet/')}"
        box.write(inside, "", 0o600 if file.sensitive else 0o644)
        box.path(inside).write_bytes(bytes(file.content))


def apply(box: Box, *options: str, program: str = "") -> Ended:
    """Run ``puppet apply``; its exit codes are those of ``--detailed-exitcodes``."""
    what = ("--execute", program) if program else (f"{ENVIRONMENT}/manifests/site.pp",)
    where = ("--environmentpath", "/root/environments", "--environment", "fleet", "--certname", "web-1")
    called = ("puppet", "apply", *where, "--detailed-exitcodes", "--color=false", *options, *what)
    return box.run(*called, seconds=600)
