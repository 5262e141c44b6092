"""A callback of Ansible that writes what every task of every host has told into the file $TOLD, one JSON a line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Enabled by its name, ``told``."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "told"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        tell(result, failed=False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ARG002
        tell(result, failed=True)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        tell(result, failed=True)


def tell(result: Any, *, failed: bool) -> None:
    """Append one result."""
    with Path(os.environ["TOLD"]).open("a", encoding="utf-8") as file:
        told = {"host": result._host.name, **result._result, "failed": failed}
        file.write(json.dumps(told, default=str) + "\n")
