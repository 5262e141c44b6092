from __future__ import annotations

import json

from generator.diagnostics import Diagnostic, Label, Severity, render_json
from generator.plan.origin import Span

SPAN = Span(file="f.yml", line=2, column=3, length=4)


def test_the_form_is_stable() -> None:
    diagnostics = [
        Diagnostic(code="C0301", message="m", span=SPAN, advice="a", labels=(Label(span=SPAN, text="t"),)),
        Diagnostic(code="C0316", message="m", span=None, advice="a", severity=Severity.WARNING),
    ]
    place = {"file": "f.yml", "line": 2, "column": 3, "length": 4}
    common = {"message": "m", "advice": "a"}
    assert json.loads(render_json(diagnostics, {"proved": []})) == {
        "format": 1,
        "errors": 1,
        "warnings": 1,
        "diagnostics": [
            {
                "code": "C0301",
                "severity": "error",
                **common,
                "place": place,
                "labels": [{"text": "t", "place": place}],
            },
            {"code": "C0316", "severity": "warning", **common, "place": None, "labels": []},
        ],
        "proved": [],
    }
