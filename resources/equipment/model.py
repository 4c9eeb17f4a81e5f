"""The nouns of safety equipment. Positions are WGS 84 degrees; ``level`` is the floor, 0 the ground. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, TypeAlias, get_args
from uuid import UUID

import msgspec

from mobile_contract.text import Text

# Spelled as geo.places.model.LandmarkKind where a plan may draw the same thing.
EquipmentKind: TypeAlias = Literal[
    "extinguisher",
    "hydrant",
    "first_aid",
    "aed",
    "eye_wash",
    "shower",
    "spill_kit",
    "breathing_apparatus",
    "gas_detector",
    "stretcher",
    "fire_blanket",
    "alarm_button",
    "other",
]
# GB/T 4968-2008: solids, liquids, gases, metals, live electrical equipment (E), cooking media. EN 2:1992+A1:2004 has
# the same without E. GB 50140-2005, 3.1.2, which extinguishers are placed by, has A to E.
FireClass: TypeAlias = Literal["A", "B", "C", "D", "E", "F"]
EquipmentState: TypeAlias = Literal["ready", "out_of_service"]

KINDS: tuple[EquipmentKind, ...] = get_args(EquipmentKind)
FIRE_CLASSES: tuple[FireClass, ...] = get_args(FireClass)


class Equipment(msgspec.Struct, frozen=True, kw_only=True):
    """A thing, or a cabinet of several alike, at one place.

    ``classes``: the fires an extinguisher is for, None: not stated, and of no other kind. ``in_stock`` pieces.
    ``expires_at`` None: it does not. ``state_reason``: why it is out of service. ``version``: of its edits; a piece
    taken is none.
    """

    tenant_id: UUID
    id: UUID
    site_id: UUID
    zone_id: UUID | None
    slug: str
    kind: EquipmentKind
    name: Text
    classes: list[FireClass] | None
    lon: float
    lat: float
    level: int
    in_stock: int
    expires_at: datetime | None
    next_inspection_on: date | None
    state: EquipmentState
    state_reason: str | None
    note: str
    retired_at: datetime | None
    version: int
    created_at: datetime


class EquipmentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """New equipment; without a zone it belongs to the one that holds its position, if exactly one of its level does."""

    site_id: UUID
    slug: str
    kind: EquipmentKind
    name: Text
    lon: float
    lat: float
    level: int = 0
    zone_id: UUID | None = None
    classes: list[FireClass] | None = None
    in_stock: int = 1
    expires_at: datetime | None = None
    next_inspection_on: date | None = None
    note: str = ""


def new_equipment(draft: EquipmentDraft, tenant_id: UUID, own_id: UUID, now: datetime) -> Equipment:
    """The thing that a draft asks for, ready; neither checked nor placed yet."""
    return Equipment(
        **msgspec.structs.asdict(draft),
        tenant_id=tenant_id,
        id=own_id,
        state="ready",
        state_reason=None,
        retired_at=None,
        version=1,
        created_at=now,
    )


class EquipmentChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is UNSET stays; moved without a zone, it belongs to the zone it comes to. Stock and state have acts of
    their own."""

    kind: EquipmentKind | msgspec.UnsetType = msgspec.UNSET
    name: Text | msgspec.UnsetType = msgspec.UNSET
    classes: list[FireClass] | msgspec.UnsetType | None = msgspec.UNSET
    lon: float | msgspec.UnsetType = msgspec.UNSET
    lat: float | msgspec.UnsetType = msgspec.UNSET
    level: int | msgspec.UnsetType = msgspec.UNSET
    zone_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    expires_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    next_inspection_on: date | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces taken (below zero) or put back, and how many there were then; ``key`` is the client's own."""

    tenant_id: UUID
    id: UUID
    equipment_id: UUID
    key: str
    pieces: int
    reason: str
    in_stock: int
    moved_by: UUID | None
    moved_at: datetime


class KindStock(msgspec.Struct, frozen=True):
    """Of one kind on a site: how many things are in use, and how many of them could be used now."""

    kind: EquipmentKind
    things: int
    usable: int
