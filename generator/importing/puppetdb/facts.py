"""Facts of Puppet's nodes as files: what `facter`, `puppet facts` and a Puppet server write, one file a node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from generator.importing.failures import failure
from generator.importing.puppetdb.forms import Facts

SUFFIXES = (".json", ".yaml", ".yml")
# What Puppet's own cache begins with; it says what the mapping was in Ruby.
_RUBY = "tag:yaml.org,2002:ruby/object:Puppet::Node::Facts"
_RUBY_SHORT = "!ruby/object:Puppet::Node::Facts"


class _Loader(yaml.SafeLoader):
    """Plain values, and the one object of Ruby that a fact file is; anything else is refused."""


def _mapping(loader: _Loader, node: yaml.Node) -> Mapping[Any, Any]:
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(_RUBY, _mapping)
_Loader.add_constructor(_RUBY_SHORT, _mapping)


def read_directory(directory: Path) -> Facts:
    """Facts by certname, which is the file's name without its suffix; raises `ImportFailure` (C0740)."""
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix in SUFFIXES)
    except OSError as error:
        raise _damaged(directory, error.strerror or str(error)) from error
    found: dict[str, Mapping[str, Any]] = {}
    for path in paths:
        if path.stem in found:
            raise _damaged(path, f"there is another file about {path.stem}")
        found[path.stem] = _facts(path)
    if not found:
        raise _damaged(directory, "there is no file that ends in .json, .yaml or .yml")
    return found


def _facts(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text("utf-8")
        value = json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise _damaged(path, str(error).splitlines()[0]) from error
    # `puppet facts` and Puppet's cache say whose facts they are, and when they were gathered
    inner = value.get("values", value) if isinstance(value, Mapping) else None
    if not isinstance(inner, Mapping):
        raise _damaged(path, "it is no mapping of facts")
    return inner


def _damaged(path: Path, reason: str) -> Exception:
    advice = "name PuppetDB's address, or a directory with one file of facts for each node, CERTNAME.json or .yaml"
    return failure("C0740", f"the facts in {path} cannot be read: {reason}", advice)
