"""What was wrong with a plan, where, and what was done about it. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from geo.places.model import Plan, Position
from mobile_contract.text import Text

FindingKind: TypeAlias = Literal[
    "ring_open",
    "self_intersection",
    "too_small",
    "too_large",
    "too_many_positions",
    "position_out_of_range",
    "position_swapped",
    "level_unknown",
    "reference_unknown",
    "duplicate_id",
    "isolated",
    "one_way",
    "unreachable",
    "lift_only",
    "kind_unknown",
    "geometry_unknown",
    "door_off_wall",
    "door_dead",
    "rooms_overlap",
    "property_invalid",
    "not_kept",
    "file_invalid",
    "not_walkable",
    "unplaced",
    "gate_off_road",
    "road_without_gate",
    "road_unreachable",
    "road_no_return",
    "road_through_wall",
]
Outcome: TypeAlias = Literal["repaired", "refused", "noted"]
"""``refused``: the thing is left out of the plan. ``noted``: it is in it as it came."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of one thing; ``place`` names it by file and id, ``at`` and ``level`` say where it is.

    ``count``: how many things it speaks of; more than one where a file holds many of a kind that no plan has.
    """

    kind: FindingKind
    outcome: Outcome
    place: str
    detail: Text
    at: Position | None = None
    level: int | None = None
    count: int = 1


class Imported(msgspec.Struct, frozen=True):
    """A plan that was read, and everything that was wrong with what it was read from."""

    plan: Plan
    findings: list[Finding]
