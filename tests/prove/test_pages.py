"""Every code that a proof can give has a page, and every page of this area a code."""

from __future__ import annotations

import re
from pathlib import Path

from generator.diagnostics.catalog import catalog
from generator.prove import prover

CODE = re.compile(r'"(C[0-9]{4})"')


def test_codes_and_pages_are_the_same() -> None:
    folder = Path(prover.__file__).parent
    given = {code for file in folder.rglob("*.py") for code in CODE.findall(file.read_text("utf-8"))}
    assert given == {code for code, page in catalog().items() if page.area == "Proofs"}
