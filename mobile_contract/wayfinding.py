"""Ways on the wire: a person's own route with its numbered steps, how far they are on it, what is near.

Geometry is GeoJSON, WGS 84, with a level beside it (0: the ground). Times are seconds unless they say otherwise.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.presence import ReportedPosition
from mobile_contract.text import Text

RoutePurpose: TypeAlias = Literal["task", "search", "evacuate"]
RouteState: TypeAlias = Literal["safe", "no_safe_route", "no_route", "place_unknown"]
"""``no_safe_route``: the steps lead to the edge of the hazard (none: stay), or, for one inside, out by the least harm.
``place_unknown``: nobody knows where the person is; the route comes with their first position."""
RouteCause: TypeAlias = Literal[
    "given", "hazard", "passage", "off_route", "faster", "next_stop", "place_known", "plan", "muster_point"
]
"""Why this revision is another than the one before."""
HapticCode: TypeAlias = Literal["S", "L", "R", "B", "U", "D", "A", "W"]
"""``S`` straight on, ``L`` left, ``R`` right, ``B`` back, ``U`` up, ``D`` down, ``A`` arrived, ``W`` a warning."""


class RouteStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One numbered step. ``short``: for a watch; ``spoken``: to be read aloud; ``vibration_ms``: on, off, on ...;
    ``check``: how one knows that one is right. ``line``: GeoJSON LineString on ``level``; ``bearing_deg``: clockwise
    from north, for an arrow; ``to_level``: of stairs and lifts."""

    n: int
    kind: str
    level: int
    text: Text
    short: Text
    spoken: Text
    code: HapticCode
    vibration_ms: list[int]
    distance_m: float
    millis: int
    line: dict[str, Any]
    check: Text | None = None
    turn: str | None = None
    bearing_deg: int | None = None
    to_level: int | None = None


class NearView(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of safety equipment that can be used, and how far it is to walk from the start of the way."""

    id: UUID
    kind: str
    name: Text
    lon: float
    lat: float
    level: int
    walk_s: float


class LeastHarmView(msgspec.Struct, frozen=True, kw_only=True):
    """What the least harmful way through would cost; nobody is sent on it. ``share`` of the dose ``limit`` names, null:
    not known. ``unmeasured_s``: of ``exposed_s``, where nobody knows what the air holds."""

    walk_s: float
    exposed_s: float
    unmeasured_s: float
    share: float | None
    limit: Text | None
    hazards: list[Text]
    lines: list[dict[str, Any]]


class RouteView(msgspec.Struct, frozen=True, kw_only=True):
    """A person's way to where an order sends them. ``revision`` grows with each new way, and ``cause`` says why.

    ``step``: the number of the step they are on; ``left_m`` and ``left_s`` from there, ``arrives_at`` if they walk on.
    ``from_source``: what is known of where they set out from. ``near``: what they may need, nearest first. When the
    way is over (``ended_at``) its steps are gone.
    """

    id: UUID
    incident: UUID
    account: UUID
    purpose: RoutePurpose
    state: RouteState
    revision: int
    cause: RouteCause
    target: Text
    computed_at: datetime
    task: UUID | None = None
    roll_call: UUID | None = None
    reason: Text | None = None
    summary: Text | None = None
    warnings: list[Text] = []
    steps: list[RouteStep] = []
    distance_m: float = 0.0
    walk_s: float = 0.0
    from_source: Literal["phone", "badge", "visit", "zone"] | None = None
    step: int = 0
    left_m: float = 0.0
    left_s: float = 0.0
    arrives_at: datetime | None = None
    off_route: bool = False
    arrived_at: datetime | None = None
    ended_at: datetime | None = None
    near: list[NearView] = []
    least_harm: LeastHarmView | None = None


class RoutePositions(msgspec.Struct, frozen=True):
    """Where the person is on their way, in the order of time; the phone sends one every few seconds while they walk."""

    revision: int
    positions: Annotated[list[ReportedPosition], msgspec.Meta(min_length=1, max_length=100)]


class RouteProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the person is. ``push``: the numbers of the steps to tell now, each once. A ``revision`` other than the
    one sent: the positions were of an older way; show the newer one."""

    id: UUID
    revision: int
    step: int
    push: list[int]
    left_m: float
    left_s: float
    off_route: bool
    turned_back: bool
    arrived: bool
