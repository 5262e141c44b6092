"""The base of every engine's own settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class EngineSettings(BaseModel):
    """Settings of one engine, validated by pydantic where the inventory is read, frozen afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
