"""What a matrix asks for when causes stand. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeAlias
from uuid import UUID

import msgspec

from incidents.alarms.model import DANGER_KINDS
from incidents.matrix.model import Cause, Cell, Condition, Effect, MatrixBody, Scope

DAY_MINUTES = 24 * 60


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What called: a rule, and what it watches. ``agent`` is None for a rule that says nothing about the air (a silent
    sensor, a missing effect); ``vote``: the group whose verdict this is."""

    rule: UUID
    zone: UUID
    level: int
    agent: str | None = None
    vote: UUID | None = None


def source_of(kind: str, *, rule: UUID, zone: UUID, level: int, agent: str | None, group: UUID | None) -> Source:
    """A rule of this kind as matrices know it: a silent sensor or a missing effect says nothing about the air, and a
    group's pre-alarm and its discrepancy are not its vote."""
    said = agent if kind in DANGER_KINDS else None
    return Source(rule=rule, zone=zone, level=level, agent=said, vote=group if kind == "vote" else None)


class Moment(msgspec.Struct, frozen=True):
    """The site's local time, as conditions ask for it: minute of the day, weekday 1 Monday to 7 Sunday."""

    minute: int
    weekday: int


class Command(msgspec.Struct, frozen=True):
    """An actuator's action that is asked for after ``delay_s``; ``latch``: a person lets go of it."""

    actuator: UUID
    action: str
    delay_s: float
    latch: bool
    cause: str


class Evacuation(msgspec.Struct, frozen=True):
    """Who leaves: a scope around the cause, or these zones."""

    scope: Scope | None
    zones: tuple[UUID, ...]
    delay_s: float
    cause: str


class PlanWanted(msgspec.Struct, frozen=True):
    """A plan, by its slug."""

    slug: str
    delay_s: float
    cause: str


class Effects(msgspec.Struct, frozen=True):
    """What a source leads to by a matrix, in the order of the matrix."""

    commands: tuple[Command, ...] = ()
    evacuations: tuple[Evacuation, ...] = ()
    plans: tuple[PlanWanted, ...] = ()


Reached: TypeAlias = tuple[Cause, Effect, Cell]


def causes_of(body: MatrixBody, source: Source) -> list[Cause]:
    """The rows that this source is."""
    return [cause for cause in body.causes if _is(cause, source)]


def _is(cause: Cause, source: Source) -> bool:
    if cause.rule is not None:
        return cause.rule == source.rule
    if cause.vote is not None:
        return cause.vote in (source.vote, source.rule)
    in_zone = cause.zone is None or cause.zone == source.zone
    return cause.agent is not None and cause.agent == source.agent and source.level >= cause.level and in_zone


def effects_of(body: MatrixBody, source: Source, moment: Moment, *, standing: Collection[str] = ()) -> Effects:
    """What this source leads to now. ``standing``: slugs of causes that stand, for cells that ask for two and for those
    that inhibit. Of one effect by several cells the quickest counts, and latches if one of them does."""
    reached = reached_by(body, causes_of(body, source), moment, standing)
    commands: dict[tuple[UUID, str], Command] = {}
    evacuations: dict[str, Evacuation] = {}
    plans: dict[str, PlanWanted] = {}
    for cause, effect, cell in reached:
        if effect.actuator is not None and effect.action is not None:
            key = (effect.actuator, effect.action)
            new = Command(*key, cell.delay_s, cell.how == "latch", cause.slug)
            commands[key] = _sooner(commands.get(key), new)
        elif effect.plan is not None:
            if effect.plan not in plans or cell.delay_s < plans[effect.plan].delay_s:
                plans[effect.plan] = PlanWanted(effect.plan, cell.delay_s, cause.slug)
        elif effect.slug not in evacuations or cell.delay_s < evacuations[effect.slug].delay_s:
            evacuations[effect.slug] = Evacuation(effect.evacuate, effect.zones, cell.delay_s, cause.slug)
    return Effects(tuple(commands.values()), tuple(evacuations.values()), tuple(plans.values()))


def reached_by(
    body: MatrixBody, causes: Iterable[Cause], moment: Moment, standing: Collection[str] = ()
) -> list[Reached]:
    """The cells that these causes make hold now and that no standing cause inhibits, in the order of the matrix: their
    own, and those of standing causes that asked for one of these too. Which of two came last is all one."""
    called = {cause.slug for cause in causes}
    stand = {*standing, *called}
    by_slug = {cause.slug: cause for cause in body.causes if cause.slug in stand}
    inhibited = {
        cell.effect
        for cell in body.cells
        if cell.how == "inhibit" and cell.cause in stand and holds(cell.condition, moment, stand)
    }
    effects = {effect.slug: effect for effect in body.effects}
    return [
        (by_slug[cell.cause], effects[cell.effect], cell)
        for cell in body.cells
        if cell.how != "inhibit"
        and cell.cause in by_slug
        and (cell.cause in called or (cell.condition is not None and cell.condition.with_cause in called))
        and cell.effect in effects
        and cell.effect not in inhibited
        and holds(cell.condition, moment, stand)
    ]


def holds(condition: Condition | None, moment: Moment, standing: Collection[str]) -> bool:
    """Whether a cell's condition is met."""
    if condition is None:
        return True
    if condition.with_cause is not None and condition.with_cause not in standing:
        return False
    start = 0 if condition.from_minute is None else condition.from_minute
    end = DAY_MINUTES if condition.to_minute is None else condition.to_minute
    weekday = moment.weekday
    if start < end:
        inside = start <= moment.minute < end
    else:
        inside = moment.minute >= start or moment.minute < end
        # After midnight it is still the night of the day before.
        if moment.minute < end:
            weekday = (weekday - 2) % 7 + 1
    return inside and (not condition.weekdays or weekday in condition.weekdays)


def _sooner(known: Command | None, new: Command) -> Command:
    if known is None:
        return new
    first = new if new.delay_s < known.delay_s else known
    return msgspec.structs.replace(first, latch=known.latch or new.latch)
