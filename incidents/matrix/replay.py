"""A past period under a matrix: what would have been asked for, when; and how two matrices differ in it. Pure.

A replay is fed what called and returned, in order, and keeps what each effect did. It imports nothing that could
command anything. A latched effect lasts until the end of the period, as nobody let go of it in a past that was not; one
that follows ends with its cause.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from incidents.matrix.effects import Moment, Source, causes_of, holds
from incidents.matrix.model import Cause, Cell, Effect, MatrixBody

EffectKind: TypeAlias = Literal["command", "evacuation", "plan"]


class CauseEvent(msgspec.Struct, frozen=True):
    """A source called for attention, or is back to normal."""

    at: datetime
    called: bool
    source: Source


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an effect does, whatever a matrix calls it: by it two matrices are compared."""

    kind: EffectKind
    actuator: UUID | None = None
    action: str | None = None
    scope: str | None = None
    zones: tuple[UUID, ...] = ()
    plan: str | None = None


class Interval(msgspec.Struct, frozen=True):
    """An effect from ``start`` to ``end``; None: it lasted beyond the period. ``cause`` began it."""

    target: Target
    start: datetime
    end: datetime | None
    cause: str


class _Stand(msgspec.Struct):
    """A source that stands for a cause, since when."""

    since: datetime
    moment: Moment
    zone: UUID


def moment_of(at: datetime, tz: ZoneInfo) -> Moment:
    """The site's local time as conditions ask for it."""
    local = at.astimezone(tz)
    return Moment(local.hour * 60 + local.minute, local.isoweekday())


def target_of(effect: Effect, zone: UUID) -> Target:
    """What a column does for a cause in this zone."""
    if effect.actuator is not None:
        return Target("command", actuator=effect.actuator, action=effect.action)
    if effect.plan is not None:
        return Target("plan", plan=effect.plan)
    return Target("evacuation", scope=effect.evacuate, zones=effect.zones or (zone,))


class Replay:
    """One matrix over one period: ``feed`` events in order, then ``finish``."""

    def __init__(self, body: MatrixBody, tz: str) -> None:
        self._body = body
        self._tz = ZoneInfo(tz)
        self._effects = {effect.slug: effect for effect in body.effects}
        self._cells: dict[str, list[Cell]] = defaultdict(list)
        for cell in body.cells:
            if cell.effect in self._effects:
                self._cells[cell.cause].append(cell)
        self._rows: dict[Source, list[Cause]] = {}
        self._standing: dict[str, dict[UUID, _Stand]] = {}
        self._due: list[datetime] = []
        self._on: dict[Target, Interval] = {}
        self._latched: set[Target] = set()
        self._done: list[Interval] = []

    def feed(self, event: CauseEvent) -> None:
        """One event, not before the one before it."""
        self._pass(event.at)
        for cause in self._causes(event.source):
            if event.called:
                self._call(cause.slug, event)
            else:
                stands = self._standing.get(cause.slug, {})
                stands.pop(event.source.rule, None)
                if not stands:
                    self._standing.pop(cause.slug, None)
        self._settle(event.at)

    def finish(self, end: datetime) -> list[Interval]:
        """Everything that happened until the period's end, by start."""
        self._pass(end)
        return sorted([*self._done, *self._on.values()], key=lambda i: (i.start, msgspec.json.encode(i.target)))

    def _causes(self, source: Source) -> list[Cause]:
        if source not in self._rows:
            self._rows[source] = causes_of(self._body, source)
        return self._rows[source]

    def _call(self, cause: str, event: CauseEvent) -> None:
        stands = self._standing.setdefault(cause, {})
        # An alarm that calls again stands as long as it stood: its delay does not begin anew.
        if event.source.rule in stands:
            return
        stands[event.source.rule] = _Stand(event.at, moment_of(event.at, self._tz), event.source.zone)
        for delay_s in {cell.delay_s for cell in self._cells[cause] if cell.delay_s > 0}:
            heapq.heappush(self._due, event.at + timedelta(seconds=delay_s))

    def _pass(self, until: datetime) -> None:
        """Let the delays run out that end before ``until``, or then."""
        while self._due and self._due[0] <= until:
            self._settle(heapq.heappop(self._due))

    def _settle(self, now: datetime) -> None:
        """Begin what is asked for and end what no longer is."""
        held, inhibited = self._held(now)
        for target, interval in list(self._on.items()):
            if target not in held and target not in self._latched:
                self._done.append(msgspec.structs.replace(interval, end=now))
                del self._on[target]
        for target, asked in held.items():
            free = [(cause, cell) for cause, cell in asked if cell.effect not in inhibited]
            if target not in self._on and free:
                self._on[target] = Interval(target, now, None, free[0][0])
            if target in self._on and any(cell.how == "latch" for _, cell in free):
                self._latched.add(target)

    def _held(self, now: datetime) -> tuple[dict[Target, list[tuple[str, Cell]]], set[str]]:
        held: dict[Target, list[tuple[str, Cell]]] = {}
        inhibited: set[str] = set()
        for cause, stands in self._standing.items():
            for cell in self._cells[cause]:
                for stand in stands.values():
                    if not holds(cell.condition, stand.moment, self._standing):
                        continue
                    if cell.how == "inhibit":
                        inhibited.add(cell.effect)
                    elif stand.since + timedelta(seconds=cell.delay_s) <= now:
                        target = target_of(self._effects[cell.effect], stand.zone)
                        held.setdefault(target, []).append((cause, cell))
        return held, inhibited


def replay(body: MatrixBody, events: Iterable[CauseEvent], end: datetime, tz: str = "UTC") -> list[Interval]:
    """The whole period in one go."""
    run = Replay(body, tz)
    for event in events:
        run.feed(event)
    return run.finish(end)


class Difference(msgspec.Struct, frozen=True):
    """One effect that the draft would have had more, less, earlier or later; ``seconds``: by how much."""

    kind: Literal["more", "less", "earlier", "later"]
    target: Target
    published_at: datetime | None
    draft_at: datetime | None
    seconds: float | None
    cause: str


def compare(published: Sequence[Interval], draft: Sequence[Interval]) -> list[Difference]:
    """How the draft's period differs, by time. Times of one effect that overlap are the same occasion."""
    ours: dict[Target, list[Interval]] = defaultdict(list)
    theirs: dict[Target, list[Interval]] = defaultdict(list)
    for interval in published:
        ours[interval.target].append(interval)
    for interval in draft:
        theirs[interval.target].append(interval)
    found: list[Difference] = []
    for target in {**ours, **theirs}:
        found += _pair(ours[target], theirs[target])
    return sorted(found, key=lambda d: (d.published_at or d.draft_at, msgspec.json.encode(d.target)))


def _pair(ours: list[Interval], theirs: list[Interval]) -> list[Difference]:
    ours, theirs = list(ours), list(theirs)
    found = []
    while ours or theirs:
        if ours and theirs and _overlap(ours[0], theirs[0]):
            found += _shift(ours.pop(0), theirs.pop(0))
        elif not theirs or (ours and ours[0].start < theirs[0].start):
            gone = ours.pop(0)
            found.append(Difference("less", gone.target, gone.start, None, None, gone.cause))
        else:
            new = theirs.pop(0)
            found.append(Difference("more", new.target, None, new.start, None, new.cause))
    return found


def _overlap(a: Interval, b: Interval) -> bool:
    return (b.end is None or a.start <= b.end) and (a.end is None or b.start <= a.end)


def _shift(old: Interval, new: Interval) -> list[Difference]:
    seconds = (new.start - old.start).total_seconds()
    if seconds == 0:
        return []
    kind: Literal["earlier", "later"] = "earlier" if seconds < 0 else "later"
    return [Difference(kind, old.target, old.start, new.start, abs(seconds), new.cause)]
