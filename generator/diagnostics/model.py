"""One finding about an inventory, a plan or a build."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from generator.plan.origin import Span


class Severity(Enum):
    """Errors stop a build; warnings are printed and do not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A second place that the finding is about, and what stands there."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding: a stable ``code`` with a page of its own, one sentence, the place, and what to do.

    ``span`` is None where the finding has no place in a file (a missing secret, an unwritable output).
    """

    code: str
    message: str
    span: Span | None
    advice: str
    labels: tuple[Label, ...] = ()
    severity: Severity = Severity.ERROR
