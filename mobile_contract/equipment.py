"""Safety equipment on the wire: what stands where, whether it can be used, and pieces taken and put back.

Positions are WGS 84 degrees, ``level`` is the floor (0 the ground). ``version`` of a view is also its ETag; pieces that
are taken do not change it. Fields an edit leaves out stay as they are.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.devices import Slug
from mobile_contract.people_import import ActionName, ChangeView, RowProblemView
from mobile_contract.place_plans import Floor
from mobile_contract.plant import Named
from mobile_contract.text import Text

EquipmentKindName: TypeAlias = Literal[
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
FireClassName: TypeAlias = Literal["A", "B", "C", "D", "E", "F"]
EquipmentStateName: TypeAlias = Literal["ready", "out_of_service"]
UnfitName: TypeAlias = Literal["retired", "out_of_service", "empty", "expired"]

# Wide enough for latitude and longitude to come the wrong way round: that is said, and not "too large".
Degrees: TypeAlias = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Pieces: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Note: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]
When: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True, description="With an offset.")]
Reason: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]
FireClasses: TypeAlias = Annotated[
    list[FireClassName],
    msgspec.Meta(min_length=1, max_length=6, description="Of an extinguisher alone; null: not stated."),
]


class EquipmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A thing, or a cabinet of several alike. ``why_not``: all that stands against using it; ``usable``: nothing does.

    An inspection that is overdue is a matter of care and does not make it unusable.
    """

    id: UUID
    site: UUID
    zone: UUID | None
    slug: str
    kind: EquipmentKindName
    name: Text
    classes: list[FireClassName] | None
    lon: float
    lat: float
    level: int
    in_stock: int
    expires_at: datetime | None
    next_inspection_on: date | None
    inspection_overdue: bool
    state: EquipmentStateName
    state_reason: str | None
    usable: bool
    why_not: list[UnfitName]
    note: str
    retired_at: datetime | None
    version: int
    created_at: datetime


class NewEquipment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A thing to create; without ``zone`` it belongs to the one that holds its position, if exactly one does."""

    slug: Slug
    kind: EquipmentKindName
    name: Named
    lon: Degrees
    lat: Degrees
    level: Floor = 0
    zone: UUID | None = None
    classes: FireClasses | None = None
    in_stock: Pieces = 1
    expires_at: When | None = None
    next_inspection_on: date | None = None
    note: Note = ""


class EquipmentEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; moved without ``zone``, it belongs to the zone it comes to."""

    kind: EquipmentKindName | msgspec.UnsetType = msgspec.UNSET
    name: Named | msgspec.UnsetType = msgspec.UNSET
    lon: Degrees | msgspec.UnsetType = msgspec.UNSET
    lat: Degrees | msgspec.UnsetType = msgspec.UNSET
    level: Floor | msgspec.UnsetType = msgspec.UNSET
    zone: UUID | msgspec.UnsetType | None = msgspec.UNSET
    classes: FireClasses | msgspec.UnsetType | None = msgspec.UNSET
    expires_at: When | msgspec.UnsetType | None = msgspec.UNSET
    next_inspection_on: date | msgspec.UnsetType | None = msgspec.UNSET
    note: Note | msgspec.UnsetType = msgspec.UNSET


class OutOfService(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is not to be used."""

    reason: Reason


class StockMovement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pieces to take or put back. ``key`` is the client's own: the same again is the movement that was made."""

    move: Literal["take", "put_back"]
    pieces: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    reason: Reason
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[\x20-\x7e]+$")]


class MovementView(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces taken (below zero) or put back; ``in_stock``: how many there were then."""

    id: UUID
    equipment: UUID
    key: str
    pieces: int
    reason: str
    in_stock: int
    by: UUID | None
    at: datetime


class KindStockView(msgspec.Struct, frozen=True):
    """Of one kind: how many things are in use, and how many of them could be used now."""

    kind: EquipmentKindName
    things: int
    usable: int


class EquipmentKinds(msgspec.Struct, frozen=True):
    """What a site has in use, by kind."""

    items: list[KindStockView]


class EquipmentFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in use as GeoJSON (RFC 7946): points, each with its kind, stock and whether it can be used."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[dict[str, Any]]


class EquipmentStepView(msgspec.Struct, frozen=True):
    """What becomes of a thing."""

    line: int
    slug: str
    action: ActionName
    changes: dict[str, ChangeView]


class EquipmentImportView(msgspec.Struct, frozen=True):
    """``applied`` false: a dry run, nothing was changed."""

    applied: bool
    encoding: str
    rows: int
    steps: list[EquipmentStepView]
    problems: list[RowProblemView]
