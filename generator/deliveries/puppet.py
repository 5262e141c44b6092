"""The delivery ``puppet``: an environment with the module and, for each node, the data that the module asks for."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsBytes, TypeAlias

from generator.deliveries.order import in_placing_order
from generator.deliveries.own_keys import OwnKeyFile, own_key_files
from generator.deliveries.packaged import packaged_files
from generator.deliveries.plain import clock_offset
from generator.deliveries.requirements import requirements
from generator.inventory.model import Paths
from generator.render.model import FleetFile, RenderedFile, RenderedNode
from generator.render.templates import TemplateLibrary

Value: TypeAlias = "str | int | bool | list[Value] | dict[str, Value]"

# everything of the module but what only its developers need
MODULE = (
    "LICENSE",
    "README.md",
    "REFERENCE.md",
    "data",
    "functions",
    "hiera.yaml",
    "lib",
    "manifests",
    "metadata.json",
    "types",
)

ENVIRONMENT = "# `gen build` writes this environment whole; what is changed here is gone after the next build.\n"
CONFIGURATION = f"{ENVIRONMENT}modulepath = modules:$basemodulepath\n"
SITE = f"{ENVIRONMENT}node default {{\n  include capsule\n}}\n"
# `trusted` is what the certificate says; a fact would be what the node says
HIERA = f"""---
{ENVIRONMENT}version: 5
defaults:
  datadir: data
  data_hash: yaml_data
hierarchy:
  - name: What was compiled for the node of this certificate
    path: "%{{trusted.certname}}.yaml"
"""

_ENCODER = json.JSONEncoder(indent=1, ensure_ascii=False, check_circular=False)
_ASCII_TEXT = bytes([0x09, 0x0A, *range(0x20, 0x7F)])
# what YAML takes between double quotes as it is: no other control characters, line ends or byte order marks
_TEXT = re.compile("[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


class PuppetDelivery:
    """``puppet/`` of the output: ready to be an environment of a Puppet server, or of ``puppet apply``."""

    name = "puppet"

    def deliver_fleet(
        self,
        deployment: str,
        paths: Paths,
        nodes: tuple[RenderedNode, ...],
        library: TemplateLibrary,  # noqa: ARG002
    ) -> tuple[FleetFile, ...]:
        """The environment; a node's data lie in a file of their own, the builder's alone where a secret is inside."""
        return (
            _file("environment.conf", CONFIGURATION.encode()),
            _file("hiera.yaml", HIERA.encode()),
            _file("manifests/site.pp", SITE.encode()),
            *(_file(f"modules/capsule/{path}", content) for path, content in packaged_files("puppet", MODULE)),
            *(_data(deployment, paths, node) for node in nodes),
        )


FLEET_DELIVERY = PuppetDelivery()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """The file of one node's data, made whenever its bytes are asked for: it holds all files of the node again."""

    deployment: str
    paths: Paths
    node: RenderedNode

    def __bytes__(self) -> bytes:
        # JSON is YAML where it holds nothing but what `_TEXT` matches
        data = node_data(self.deployment, self.paths, self.node)
        written = io.BytesIO()
        written.writelines(piece.encode() for piece in _ENCODER.iterencode(data))
        written.write(b"\n")
        return written.getvalue()


def _file(path: str, content: SupportsBytes, *, sensitive: bool = False) -> FleetFile:
    return FleetFile(path=f"puppet/{path}", content=content, mode=0o644, sensitive=sensitive)


def _data(deployment: str, paths: Paths, node: RenderedNode) -> FleetFile:
    sensitive = any(file.sensitive for file in node.files)
    content = _Data(deployment=deployment, paths=paths, node=node)
    return _file(f"data/{node.plan.certname}.yaml", content, sensitive=sensitive)


def node_data(deployment: str, paths: Paths, node: RenderedNode) -> dict[str, Value]:
    """Everything that the module has to know of ``node``, by Hiera's keys; files stand in the order of placing."""
    plan = node.plan
    needs = requirements(plan, node.files)
    files = in_placing_order(node.files)
    own_keys: dict[str, Value] = {_literal(key.path): _own_key(key) for key in own_key_files(files)}
    return {
        "capsule::deployment": deployment,
        "capsule::node": plan.name,
        "capsule::hostname": plan.hostname,
        **({"capsule::machine_id": plan.machine_id} if plan.machine_id else {}),
        "capsule::paths": {"programs": _literal(paths.programs), "state": _literal(paths.state)},
        "capsule::accounts": {
            account.name: {
                "number": account.number,
                "home": _literal(account.home),
                "shell": _literal(account.shell),
            }
            for account in sorted(plan.accounts)
        },
        "capsule::directories": {
            _literal(directory.path): {
                "owner": directory.owner,
                "group": directory.group,
                "mode": f"{directory.mode:04o}",
                "keep": directory.keep,
            }
            for directory in sorted(plan.directories)
        },
        **({"capsule::own_keys": own_keys} if own_keys else {}),
        "capsule::commands": {_literal(command.path): command.package for command in needs.commands},
        "capsule::packages": list(needs.packages),
        "capsule::clock": [{"time": time, "offset": clock_offset(seconds)} for time, seconds in plan.clock_offsets],
        "capsule::files": {_literal(file.path): _described(file) for file in files},
        "capsule::contents": _contents(file for file in files if not file.sensitive),
        "capsule::secrets": _contents(file for file in files if file.sensitive),
    }


def _described(file: RenderedFile) -> dict[str, Value]:
    return {
        "kind": file.kind.value,
        "owner": file.owner,
        "group": file.group,
        "mode": f"{file.mode:04o}",
        "sha256": file.sha256,
        "sensitive": file.sensitive,
    }


def _own_key(key: OwnKeyFile) -> dict[str, Value]:
    return {"owner": key.owner, "group": key.group, "mode": f"{key.mode:04o}", "known": list(key.public)}


def _contents(files: Iterable[RenderedFile]) -> dict[str, Value]:
    return {_literal(file.path): _content(file.content) for file in files}


def _content(content: bytes) -> Value:
    """As text where that survives YAML, JSON and a catalog unchanged, which all of ours does."""
    if not content.translate(None, _ASCII_TEXT):
        return _literal(content.decode("ascii"))
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if _TEXT.fullmatch(text):
        return _literal(text)
    return {"base64": base64.b64encode(content).decode("ascii")}


def _literal(text: str) -> str:
    # Hiera would put something else in its place
    return text.replace("%{", "%{literal('%')}{")
