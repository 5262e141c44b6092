"""YAML text to a located tree, from the parser's events, so that nothing is lost and nothing is templated."""

from __future__ import annotations

from typing import Any

import yaml

from generator.diagnostics.model import Diagnostic, Label
from generator.plan.origin import Span
from generator.source.scalars import Ambiguous, resolve_plain
from generator.source.text import SUSPECT, describe, scan_text
from generator.source.tree import Entry, Mapping, Node, Scalar, ScalarValue, Sequence

# The C parser is ten times faster; where PyYAML was built without it the Python one gives the same events.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 32


def parse(file: str, text: str) -> tuple[Mapping | None, tuple[Diagnostic, ...]]:
    """The mapping that ``text`` holds, with every problem found; None where nothing can be made of it.

    ``file`` is the name that spans carry. Never raises for any text.
    """
    scanned = scan_text(file, text)
    if any(problem.code == "C0103" for problem in scanned):
        return None, scanned  # with tabs every depth is a guess
    builder = _Builder(file)
    try:
        builder.read(SUSPECT.sub(" ", text))
    except yaml.YAMLError as error:
        return None, (*scanned, *builder.problems, _syntax(file, error))
    return builder.document(), (*scanned, *builder.problems)


class _Stop(Exception):
    """Nothing more can be read."""


class _Frame:
    """An open list or mapping."""

    __slots__ = ("entries", "items", "key", "key_span", "span")

    def __init__(self, span: Span, *, mapping: bool) -> None:
        self.span = span
        self.items: list[Node] = []
        self.entries: dict[str, Entry] | None = {} if mapping else None
        self.key: str | None = None
        self.key_span: Span | None = None


class _Builder:
    """Puts the tree together, event by event."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Diagnostic] = []
        self.stack: list[_Frame] = []
        self.root: Node | None = None
        self.documents = 0

    def read(self, text: str) -> None:
        """Reads all events; raises `yaml.YAMLError` for text that is not YAML."""
        try:
            for event in yaml.parse(text, Loader=LOADER):
                self._event(event)
        except _Stop:
            return

    def document(self) -> Mapping | None:
        """The top mapping, or None with a problem recorded."""
        if isinstance(self.root, Mapping):
            return self.root
        if not self.problems:
            span = Span(file=self.file, line=1, column=1) if self.root is None else self.root.span
            empty = self.root is None or (isinstance(self.root, Scalar) and self.root.value is None)
            said = "the inventory is empty" if empty else "an inventory is a mapping of keys to values"
            self._problem("C0112", said, span, "start from `gen init`")
        return None

    def _event(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._document(event)
            case _:
                pass

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            span = self._span(event)
            self._problem("C0109", "a second document starts here", span, "keep one document in a file")
            raise _Stop

    def _open(self, event: Any) -> None:
        self._refuse_marks(event)
        span = self._span(event)
        if len(self.stack) == DEEPEST:
            said = f"this is nested more than {DEEPEST} deep"
            self._problem("C0111", said, span, "no part of an inventory is so deep")
            raise _Stop
        self.stack.append(_Frame(span, mapping=isinstance(event, yaml.MappingStartEvent)))

    def _close(self) -> None:
        frame = self.stack.pop()
        if frame.entries is None:
            self._add(Sequence(tuple(frame.items), frame.span))
        else:
            self._add(Mapping(frame.entries, frame.span))

    def _alias(self, event: Any) -> None:
        span = self._span(event)
        self._problem(
            "C0106",
            f"`*{event.anchor}` is an alias, and the inventory language has none",
            span,
            "put what is shared into a profile or a group",
        )
        self._add(Scalar(None, span))

    def _scalar(self, event: Any) -> None:
        self._refuse_marks(event)
        span = self._span(event)
        value: ScalarValue = event.value
        if not event.style and event.tag is None:
            value = self._resolve(event.value, span)
        if isinstance(value, str) and (bad := SUSPECT.search(value)):
            message = f"the character {describe(bad.group())} may not stand in a value"
            self._problem("C0104", message, span, "write the value without it")
        if isinstance(value, str) and ("\n" in value or "\t" in value):
            self._problem("C0105", "a value may hold no line break and no tab", span, "write it on one line")
        self._add(Scalar(value, span, written=event.value != "" or value == ""))

    def _resolve(self, text: str, span: Span) -> ScalarValue:
        try:
            return resolve_plain(text)
        except Ambiguous:
            self._problem(
                "C0107",
                f"YAML readers disagree about what `{text}` is",
                span,
                f'write "{text}" in quotes for the text, else true, false or a plain decimal number',
            )
            return text

    def _add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        if frame.entries is None:
            frame.items.append(node)
        elif frame.key_span is None:
            frame.key, frame.key_span = self._key(node), node.span
        else:
            self._entry(frame, frame.entries, frame.key_span, node)

    def _entry(self, frame: _Frame, entries: dict[str, Entry], key_span: Span, node: Node) -> None:
        key = frame.key
        frame.key = frame.key_span = None
        if key is None:
            return
        if isinstance(node, Scalar) and not node.written:
            # half-written lines look like this: taken for null, they would silently remove what is inherited
            advice = "write its value, or `null` to remove what is inherited; or delete the key"
            self._problem("C0113", f"`{key}` has no value", key_span, advice)
        earlier = entries.get(key)
        if earlier is None:
            entries[key] = Entry(key_span, node)
            return
        first = Label(span=earlier.key, text="it stands here first")
        self._problem("C0108", f"`{key}` stands twice in one mapping", key_span, "keep one of the two", first)

    def _key(self, node: Node) -> str | None:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            if node.value == "<<":
                self._problem(
                    "C0106",
                    "`<<` merges, and the inventory language has no merge keys",
                    node.span,
                    "put what is shared into a profile or a group",
                )
                return None
            return node.value
        self._problem("C0110", "a key must be text", node.span, "put the key into quotes")
        return None

    def _refuse_marks(self, event: Any) -> None:
        if event.anchor is not None:
            self._problem(
                "C0106",
                f"`&{event.anchor}` is an anchor, and the inventory language has none",
                self._span(event),
                "put what is shared into a profile or a group",
            )
        if event.tag not in (None, "!"):
            self._problem("C0106", "a YAML tag has no meaning here", self._span(event), "leave the tag out")

    def _span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if end.line == start.line else 1
        return Span(file=self.file, line=start.line + 1, column=start.column + 1, length=max(length, 1))

    def _problem(self, code: str, message: str, span: Span, advice: str, *labels: Label) -> None:
        self.problems.append(Diagnostic(code=code, message=message, span=span, advice=advice, labels=labels))


def _syntax(file: str, error: yaml.YAMLError) -> Diagnostic:
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    place = _mark(file, getattr(error, "problem_mark", None))
    context = getattr(error, "context", None)
    around = _mark(file, getattr(error, "context_mark", None))
    labels: tuple[Label, ...] = ()
    if context and around and around != place:
        labels = (Label(span=around, text=str(context)),)
    return Diagnostic(
        code="C0100",
        message=f"this is not YAML: {problem}",
        span=place or around or Span(file=file, line=1, column=1),
        advice="look at indentation, quotes and colons on this line and the one above",
        labels=labels,
    )


def _mark(file: str, mark: Any) -> Span | None:
    if mark is None:
        return None
    return Span(file=file, line=mark.line + 1, column=mark.column + 1)
