"""What every mapping of the inventory language is made of."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Count: TypeAlias = Annotated[int, Field(ge=1, le=36500)]
Percent: TypeAlias = Annotated[int, Field(ge=0, le=100)]


class Part(BaseModel):
    """A mapping of the inventory: nothing unknown, nothing converted, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
