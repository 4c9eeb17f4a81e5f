"""Voting of several sensors of one quantity: m of n beyond the limit raise one alarm. Pure.

A fault votes safe, towards alarm (IEC 61508-6 annex B names the architectures; which way a detected fault votes is the
plant's choice, and here lives decide it): a member that is silent, has a gap, says what it can not measure, is overdue
for calibration, out of service or out of use counts as one that alarms. Two of three with one faulty is one of two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

# A group of more is a misunderstanding: IEC 61511 practice ends at 2oo4.
MEMBERS_MAX = 8

Side: TypeAlias = Literal["within", "beyond", "fault"]
Fault: TypeAlias = Literal["gap", "stale", "late", "out_of_range", "calibration_expired", "out_of_service", "retired"]


class Limit(msgspec.Struct, frozen=True):
    """Which side of ``set_point`` is beyond; ``valid_low`` to ``valid_high`` is what a sound sensor can say."""

    side: Literal["high", "low"]
    set_point: float
    deadband: float = 0.0
    valid_low: float | None = None
    valid_high: float | None = None


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor of the group as it is now; ``value`` None: its newest reading is a gap, or there is none."""

    sensor_id: UUID
    value: float | None
    late: bool = False
    stale: bool = False
    calibration_expired: bool = False
    out_of_service: bool = False
    retired: bool = False


class Vote(msgspec.Struct, frozen=True):
    """One member's vote: ``within`` the limit, ``beyond`` it, or a ``fault``, which counts as beyond."""

    sensor: UUID
    vote: Side
    value: float | None
    fault: Fault | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What the group says. ``beyond`` counts faults too; ``works_as`` (m, n): what is left of it without its faulty
    members; ``discrepant``: sound members that say other than most of the sound ones."""

    active: bool
    m: int
    beyond: int
    works_as: tuple[int, int]
    votes: tuple[Vote, ...]
    discrepant: tuple[UUID, ...]

    @property
    def degraded(self) -> bool:
        """Whether a member is faulty."""
        return self.works_as[1] < len(self.votes)


def side_of(limit: Limit, value: float | None, active: bool) -> Side:
    """Where a value lies; while ``active`` it is beyond until it is clear of the deadband."""
    if value is None or not math.isfinite(value):
        return "fault"
    if limit.valid_low is not None and value < limit.valid_low:
        return "fault"
    if limit.valid_high is not None and value > limit.valid_high:
        return "fault"
    away = limit.deadband if active else 0.0
    if limit.side == "high":
        return "beyond" if value >= limit.set_point - away else "within"
    return "beyond" if value <= limit.set_point + away else "within"


def vote_of(limit: Limit, member: Member, active: bool) -> Vote:
    """A member's vote; its fault, where it has one, is named."""
    fault = _fault_of(limit, member)
    if fault is not None:
        return Vote(member.sensor_id, "fault", member.value, fault)
    return Vote(member.sensor_id, side_of(limit, member.value, active), member.value)


def _fault_of(limit: Limit, member: Member) -> Fault | None:
    said: list[tuple[bool, Fault]] = [
        (member.retired, "retired"),
        (member.out_of_service, "out_of_service"),
        (member.stale, "stale"),
        (member.value is None, "gap"),
        (member.late, "late"),
        (side_of(limit, member.value, False) == "fault", "out_of_range"),
        (member.calibration_expired, "calibration_expired"),
    ]
    return next((fault for is_so, fault in said if is_so), None)


def decide(limit: Limit, m: int, members: Sequence[Member], active: bool) -> Verdict:
    """The group's verdict; ``active``: its alarm's condition stands already. A group without members is in alarm."""
    votes = tuple(vote_of(limit, member, active) for member in members)
    faults = sum(v.vote == "fault" for v in votes)
    beyond = faults + sum(v.vote == "beyond" for v in votes)
    return Verdict(
        active=beyond >= m or not votes,
        m=m,
        beyond=beyond,
        works_as=(max(m - faults, 0), len(votes) - faults),
        votes=votes,
        discrepant=_discrepant(votes),
    )


def _discrepant(votes: Sequence[Vote]) -> tuple[UUID, ...]:
    """The minority among sound members; where they are half and half nobody knows which, and it is all of them."""
    beyond = [v.sensor for v in votes if v.vote == "beyond"]
    within = [v.sensor for v in votes if v.vote == "within"]
    if not beyond or not within:
        return ()
    if len(beyond) == len(within):
        return (*beyond, *within)
    return tuple(beyond if len(beyond) < len(within) else within)


class Turn(msgspec.Struct, frozen=True):
    """A value of one sensor at which something besides its own limits changes: a vote, or a suppression by design.

    ``key`` is the group or the design; ``last``: where its newest stored value lies; ``restless``: a delay waits for a
    reading.
    """

    sensor_id: UUID
    key: UUID
    limit: Limit
    active: bool
    last: Side
    restless: bool = False

    def turns(self, value: float | None) -> bool:
        """Whether this value may change something."""
        return self.restless or side_of(self.limit, value, self.active) != self.last

    def band(self) -> tuple[float, float]:
        """(below, above): a value strictly between the two changes nothing."""
        if self.restless or self.last != "within":
            return math.inf, -math.inf
        limit = self.limit
        away = limit.deadband if self.active else 0.0
        low = -math.inf if limit.valid_low is None else limit.valid_low
        high = math.inf if limit.valid_high is None else limit.valid_high
        if limit.side == "high":
            return low, min(high, limit.set_point - away)
        return max(low, limit.set_point + away), high
