"""Doors and ways between levels on the wire, as they are now over what the plan in force says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.text import Text

PassageOfName: TypeAlias = Literal["door", "rise"]
PassageKindName: TypeAlias = Literal["door", "stairs", "ramp", "escalator", "lift", "ladder"]
PassageStateName: TypeAlias = Literal["open", "closed", "locked", "badge", "in_use", "out_of_use"]
PassageReason: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]


class PassagePlace(msgspec.Struct, frozen=True, kw_only=True):
    """A GeoJSON Point in WGS 84: longitude, latitude."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]


class PassageView(msgspec.Struct, frozen=True, kw_only=True):
    """A door, or a rise: stairs, a ramp, an escalator, a lift, a ladder.

    ``planned`` is what the plan says it is, ``state`` what it is now: of a door open, closed, locked or badge, of a
    rise in_use or out_of_use. ``place`` is a rise's lowest stop, ``rooms`` are those it joins. ``until``: it is as
    planned again from then on. ``version`` is also its ETag, 0 while it is as planned.
    """

    of: PassageOfName
    feature: str
    kind: str
    name: Text | None
    levels: list[int]
    place: PassagePlace
    rooms: list[str]
    planned: PassageStateName
    state: PassageStateName
    reason: str | None
    set_by: UUID | None
    set_at: datetime | None
    until: datetime | None
    version: int


class PassageEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a door or rise is now; locked and out_of_use need a reason."""

    state: PassageStateName
    reason: PassageReason | None = None
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
