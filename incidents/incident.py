"""An incident and what belongs to it: Structs as they are stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from incidents.tasking.policy import Need
from mobile_contract.room_views import Step, TrustView, VoteView
from mobile_contract.text import Text

IncidentState = Literal["open", "returned", "closed"]
TaskState = Literal["open", "acknowledged", "done", "unanswered", "cancelled"]


class Incident(msgspec.Struct, frozen=True):
    """One incident. ``state``: open while an alarm is active, returned when all are normal, closed by a person.

    One that a person opened, or that such a one was merged into, has ``opened_by``; it is open until a person closes
    it. ``joined_zones``: where the incidents were that were merged into it.
    """

    tenant_id: UUID
    id: UUID
    number: int
    site_id: UUID
    zone_id: UUID
    state: IncidentState
    grade: int
    reasons: list[Text]
    title: Text
    place: Text
    agent: str | None
    plan: dict[str, Any]
    first_out_alarm_id: UUID | None
    opened_at: datetime
    last_alarm_at: datetime
    returned_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: UUID | None = None
    close_reason: str | None = None
    exercise: bool = False
    opened_by: UUID | None = None
    merged_into: UUID | None = None
    split_from: UUID | None = None
    joined_zones: list[UUID] = []


class Alarm(msgspec.Struct, frozen=True):
    """One episode of an alarm rule, from raised to normal and acknowledged.

    ``letter`` is the ISA-18.2 state; ``first_out`` marks the alarm that opened the incident.
    """

    tenant_id: UUID
    id: UUID
    rule_id: UUID
    episode: int
    incident_id: UUID
    first_out: bool
    site_id: UUID
    zone_id: UUID
    sensor_id: UUID | None
    actuator_id: UUID | None
    kind: str
    level: int
    letter: str
    title: Text
    value: float | None
    unit: str
    set_point: float | None
    raised_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: UUID | None = None
    returned_at: datetime | None = None
    ended_at: datetime | None = None
    trust: TrustView | None = None
    votes: list[VoteView] | None = None


class Task(msgspec.Struct, frozen=True):
    """One task of a plan: one owner, one deadline, numbered steps.

    ``fencing`` rises when the task moves to another person; ``unanswered`` means nobody is left to ask. ``slug``: which
    task of its plan it is. ``needs`` empty: one person, whoever it is. ``policy`` says who is asked in which order:
    None the default, or what ``tasking.policy.read_policy`` reads. ``blocked_at``: it can not go on and waits for
    nobody; ``offered_to``: whom ``offered_by`` hands it over to; ``from_task``: what it was split from, or does again.
    """

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    position: int
    role: str
    title: Text
    steps: list[Step]
    plan_template: str
    plan_version: int
    owner_account_id: UUID | None
    state: TaskState
    fencing: int
    deadline_at: datetime
    created_at: datetime
    answered_at: datetime | None = None
    done_at: datetime | None = None
    slug: str = ""
    needs: list[Need] = []
    policy: dict[str, Any] | None = None
    blocked_at: datetime | None = None
    blocked_by: UUID | None = None
    blocked_reason: str | None = None
    offered_to: UUID | None = None
    offered_by: UUID | None = None
    from_task: UUID | None = None

    @property
    def is_over(self) -> bool:
        """Nothing more is done for it."""
        return self.state in ("done", "cancelled")


class TimelineEntry(msgspec.Struct, frozen=True):
    """One line of an incident's record; ``hash`` chains it to the line before."""

    tenant_id: UUID
    incident_id: UUID
    position: int
    at: datetime
    actor_id: UUID | None
    kind: str
    facts: dict[str, Any]
    hash: str
