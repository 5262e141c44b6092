from __future__ import annotations

import json

from click.testing import CliRunner

from generator.cli.schema import command
from generator.inventory.schema import json_schema


def test_the_schema_is_printed_for_programs() -> None:
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json_schema()
