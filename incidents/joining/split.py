"""Which part of an incident may go on alone, and what goes with it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core.errors import Conflict, Invalid, NotFound
from incidents.incident import Alarm, Incident


class Part(msgspec.Struct, frozen=True):
    """What is to go on as an incident of its own."""

    alarms: frozenset[UUID]
    tasks: frozenset[UUID]


def check_part(incident: Incident, part: Part, alarms: Collection[UUID], tasks: Collection[UUID]) -> None:
    """Raise unless the part is of this incident (whose alarms and tasks these are) and leaves something of it."""
    if not part.alarms and not part.tasks:
        raise Invalid(
            "split.nothing", "name at least one alarm or task", "至少指定一个报警或任务", field="alarms", limit=1
        )
    for kind, zh, wanted, known in (("alarm", "报警", part.alarms, alarms), ("task", "任务", part.tasks, tasks)):
        strange = sorted(wanted - set(known))
        if strange:
            raise NotFound(
                f"{kind}.not_found",
                f"this incident has no {kind} {strange[0]}",
                f"此事件没有{zh} {strange[0]}",
                field=f"{kind}s",
                value=strange[0],
            )
    if part.alarms and part.alarms == set(alarms) and incident.opened_by is None:
        raise Conflict(
            "split.everything",
            "at least one alarm stays: nothing would be left of the incident",
            "至少保留一个报警,否则原事件将不复存在",
            field="alarms",
            value=len(part.alarms),
            limit=len(alarms) - 1,
        )


def worst(alarms: Iterable[Alarm]) -> Alarm | None:
    """The alarm an incident is named, graded and planned after: active before returned, then the higher level, then
    the one that came first."""
    return min(alarms, key=lambda a: (a.returned_at is not None, -a.level, a.raised_at, a.id), default=None)


def state_of(incident: Incident, alarms: Sequence[Alarm], now: datetime) -> Incident:
    """Open while one of its alarms is active; what a person reported is open until a person closes it."""
    if incident.opened_by is not None or any(a.returned_at is None for a in alarms):
        return replace(incident, state="open", returned_at=None)
    return replace(incident, state="returned", returned_at=incident.returned_at or now)


def following(waiting: Mapping[UUID, Collection[UUID]], tasks: Collection[UUID]) -> set[UUID]:
    """Which waiting tasks (by what each waits for) go along with these tasks: those that wait for nothing else."""
    going = set(tasks)
    while True:
        more = {task for task, after in waiting.items() if task not in going and after and going.issuperset(after)}
        if not more:
            return going & waiting.keys()
        going |= more
