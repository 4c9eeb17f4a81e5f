"""The nouns of instructions: turns, steps, what is warned of, and the whole of what a person follows. Pure."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from geo.places.model import PlaceId, Position
from mobile_contract.text import Text

Turn: TypeAlias = Literal[
    "straight", "slight_left", "left", "sharp_left", "slight_right", "right", "sharp_right", "back"
]
Side: TypeAlias = Literal["left", "right", "ahead", "behind", "here"]
StepKind: TypeAlias = Literal["start", "turn", "door", "stairs", "ramp", "escalator", "lift", "ladder", "arrive"]
Where: TypeAlias = Literal["landmark", "end", "bend", "junction", "rise", "distance"]
"""Where a turn is: at a landmark, where a wall ends the way, where the way bends with no choice, where ways meet, where
one leaves a rise, or after the distance of the step before."""
CautionKind: TypeAlias = Literal["no_lift", "keep_upwind", "wear_mask", "stay_low", "do_not_return", "other"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What the way leads to; ``at`` None: the path's last node."""

    name: Text
    id: PlaceId | None = None
    at: Position | None = None


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """A landmark in sight of a step: ``after_m`` from the step's start, on that side."""

    landmark: PlaceId
    side: Side
    after_m: float


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do at one place, and the walk from there to the next step.

    ``turn``: at its start, relative to the way one was walking (``start``: to the way one faces); ``then``: straight
    after the door or rise. None: nothing to say of it. ``room`` is where the walk is; ``into``: behind the door, None
    outside. ``count``: which door on that side, or junction, it is from the step before. ``up`` None: not known.
    ``line``: GeoJSON LineString (RFC 7946, 3.1.4); a step without a walk holds its place twice. ``bearing_deg``:
    clockwise from north, for an arrow. ``distance_m`` horizontal. ``bends``: the way bends on the walk by itself.
    """

    number: int
    kind: StepKind
    level: int
    distance_m: float
    millis: int
    line: dict[str, Any]
    turn: Turn | None = None
    then: Turn | None = None
    where: Where | None = None
    landmark: PlaceId | None = None
    room: PlaceId | None = None
    door: PlaceId | None = None
    into: PlaceId | None = None
    leaves: PlaceId | None = None
    count: int = 1
    rise: PlaceId | None = None
    up: bool | None = None
    floors: int = 0
    to_level: int | None = None
    bearing_deg: int | None = None
    side: Side | None = None
    passes: list[Pass] = []
    bends: bool = False


class Caution(msgspec.Struct, frozen=True, kw_only=True):
    """What to heed all the way; ``text`` where the kind's own words are not enough (``other``: always)."""

    kind: CautionKind
    text: Text | None = None


class LeastHarm(msgspec.Struct, frozen=True, kw_only=True):
    """There is no safe route: this one does the least harm.

    ``exposed_ms``: time inside the hazard. ``dose_share``: the dose on the way as a share of the dose ``limit`` names,
    None: not known. ``masked``: counted with the mask on.
    """

    agent: Text
    exposed_ms: int
    dose_share: float | None = None
    limit: Text | None = None
    masked: bool = False


class Directions(msgspec.Struct, frozen=True, kw_only=True):
    """A whole way: what to heed first, then the steps in order, the last of which is the arrival.

    ``distance_m``: of the steps' lines, zigzags dropped. ``millis``: of the path, to the millisecond.
    """

    steps: list[Step]
    target: Target
    distance_m: float
    millis: int
    cautions: list[Caution] = []
    least_harm: LeastHarm | None = None
