"""Source: bytes of an inventory file in, a tree with positions out; problems are diagnostics, never exceptions."""

from generator.source.parse import parse
from generator.source.secrets import SecretKind, SecretReference
from generator.source.text import SourceText, read_source
from generator.source.tree import Entry, Mapping, Node, Scalar, Sequence, plain

__all__ = [
    "Entry",
    "Mapping",
    "Node",
    "Scalar",
    "SecretKind",
    "SecretReference",
    "Sequence",
    "SourceText",
    "parse",
    "plain",
    "read_source",
]
