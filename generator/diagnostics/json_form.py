"""Diagnostics for programs. The form is stable: keys may be added, none changes or goes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from generator.diagnostics.model import Diagnostic, Severity
from generator.plan.origin import Span

FORMAT = 1


def render_json(diagnostics: Iterable[Diagnostic], more: Mapping[str, Any] | None = None) -> str:
    """One JSON object: ``format``, ``errors`` and ``warnings`` (counts), ``diagnostics``, and what ``more`` holds.

    A diagnostic has ``code``, ``severity`` (error, warning), ``message``, ``advice``, ``place`` and ``labels``
    (each ``text`` and ``place``); a place has ``file``, ``line``, ``column``, ``length``, from 1, or is null.
    """
    listed = list(diagnostics)
    errors = sum(one.severity is Severity.ERROR for one in listed)
    document = {
        "format": FORMAT,
        "errors": errors,
        "warnings": len(listed) - errors,
        "diagnostics": [_diagnostic(one) for one in listed],
        **(more or {}),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _diagnostic(one: Diagnostic) -> dict[str, Any]:
    return {
        "code": one.code,
        "severity": one.severity.value,
        "message": one.message,
        "advice": one.advice,
        "place": _place(one.span),
        "labels": [{"text": label.text, "place": _place(label.span)} for label in one.labels],
    }


def _place(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    return {"file": span.file, "line": span.line, "column": span.column, "length": span.length}
