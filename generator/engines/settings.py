"""The base of every engine's own settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class EngineSettings(BaseModel):
    """There is nothing to set but what every engine of this kind has.

    The settings of an engine, validated by pydantic where the inventory is read, frozen afterwards.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
