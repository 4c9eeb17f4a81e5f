"""From the tables to duties: what is needed of many rotas in two queries, the rest is ``on_call``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core.database import Tx
from core.errors import Invalid
from core.logging import get_logger
from mobile_contract.text import Text
from people.rotas import on_call, rota_queries, version_queries
from people.rotas.definition import people_of
from people.rotas.history import Era, Told, history
from people.rotas.model import EarlierVersion, Person, RotaInForce
from people.rotas.on_call import Cause, Roster
from people.rotas.wording import explain

log = get_logger(__name__)

# A duty that began, or ends, further from the period is shown without the changes beyond.
LOOK_AROUND = timedelta(days=100)
# A quarter; a person's calendar and a rota's are read by screens.
PERIOD_MAX = timedelta(days=92)
# Time zone rules further away are guesses, and dates without them do not exist.
FIRST_YEAR, LAST_YEAR = 2000, 2099
# Rotas resolved before the loop turns to others: some 5 ms.
_SLICE = 25


class Resolved(msgspec.Struct, frozen=True):
    """One position of one rota for a while; ``account_id`` None: nobody, and ``why`` says so."""

    rota: RotaInForce
    position: int
    account_id: UUID | None
    account: str | None
    starts_at: datetime
    ends_at: datetime
    cause: Cause
    why: Text


class Board(msgspec.Struct, frozen=True):
    """Rotas made ready, each through its versions, and the names of the people in them."""

    rotas: list[tuple[RotaInForce, tuple[Era, ...]]]
    names: dict[UUID, str]

    async def resolve(self, ask: Callable[[tuple[Era, ...]], list[Told]]) -> list[Resolved]:
        """The answers of every rota, by rota and position; a slice at a time."""
        found: list[Resolved] = []
        for number, (rota, eras) in enumerate(self.rotas):
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            found += [self._resolved(rota, told) for told in ask(eras)]
        return found

    async def people(self, ask: Callable[[tuple[Era, ...]], list[Told]]) -> frozenset[UUID]:
        """Who is in the answers of every rota; a slice at a time."""
        found: set[UUID] = set()
        for number, (_, eras) in enumerate(self.rotas):
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            found |= {told.stint.account_id for told in ask(eras) if told.stint.account_id is not None}
        return frozenset(found)

    def _resolved(self, rota: RotaInForce, told: Told) -> Resolved:
        it = told.stint
        name = None if it.account_id is None else self.names.get(it.account_id)
        why = explain(told.roster, it.reason, self.names)
        return Resolved(rota, it.position, it.account_id, name, it.starts_at, it.ends_at, it.reason.cause, why)


async def load(
    tx: Tx,
    tenant_id: UUID,
    start: datetime,
    end: datetime,
    *,
    site_id: UUID | None = None,
    rota_ids: Sequence[UUID] | None = None,
    account_id: UUID | None = None,
    after: str = "",
    limit: int | None = None,
) -> Board:
    """The rotas not retired by then, ready to be asked about ``[start, end]``; filters as in ``list_in_force``."""
    rotas = await version_queries.list_in_force(
        tx,
        tenant_id,
        (start, end),
        around=LOOK_AROUND,
        site_id=site_id,
        rota_ids=rota_ids,
        account_id=account_id,
        after=after,
        limit=limit,
    )
    return board(rotas, await rota_queries.list_people(tx, tenant_id, everybody(rotas)))


def board(rotas: Sequence[RotaInForce], people: dict[UUID, Person]) -> Board:
    """Rotas made ready; whoever is disabled, or no account any more, is not put on duty."""
    disabled = frozenset(everybody(rotas)) - {it.id for it in people.values() if not it.disabled}
    made = [(rota, _eras(rota, disabled)) for rota in rotas]
    return Board(made, {it.id: it.display_name for it in people.values()})


def _eras(rota: RotaInForce, disabled: frozenset[UUID]) -> tuple[Era, ...]:
    """The rota through its versions, none of those that were retired or can not be read."""

    def roster(it: RotaInForce | EarlierVersion, *, retired: bool) -> Roster | None:
        if retired:
            return None
        try:
            return on_call.ready(it.tz, it.definition, calendar=it.calendar, changes=rota.changes, disabled=disabled)
        except (ValueError, OSError, KeyError) as problem:
            # Its time zone is gone from this machine: that must not take everybody else off duty.
            log.error("rota.unreadable", rota=str(rota.id), tz=it.tz, error=str(problem))
            return None

    versions = [(it.valid_from, roster(it, retired=it.retired)) for it in rota.earlier]
    return history([*versions, (rota.valid_from, roster(rota, retired=rota.retired_at is not None))])


def check_moment(moment: datetime, field: str) -> None:
    """Raise Invalid unless rotas can be asked about this time."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise Invalid(
            "duties.time",
            f"a time is in the years {FIRST_YEAR} to {LAST_YEAR}",
            f"时间须在 {FIRST_YEAR} 至 {LAST_YEAR} 年之间",
            field=field,
            value=moment.isoformat(),
            limit=[FIRST_YEAR, LAST_YEAR],
        )


def check_period(start: datetime, end: datetime, most: timedelta = PERIOD_MAX) -> None:
    """Raise Invalid unless ``[start, end)`` is a period that may be asked for; fields ``from`` and ``to``."""
    check_moment(start, "from")
    check_moment(end, "to")
    if not timedelta() < end - start <= most:
        raise Invalid(
            "duties.period",
            f"a period ends after it starts, at most {most.days} days later",
            f"结束时间须晚于开始时间，且不超过 {most.days} 天",
            field="to",
            value=end.isoformat(),
            limit=most.days,
        )


def everybody(rotas: Sequence[RotaInForce]) -> list[UUID]:
    """Everybody these rotas name, by definition or change."""
    definitions = [rota.definition for rota in rotas]
    definitions += [it.definition for rota in rotas for it in rota.earlier]
    people = {account_id for definition in definitions for _, account_id in people_of(definition)}
    people |= {
        it for rota in rotas for change in rota.changes for it in (change.removed, change.added) if it is not None
    }
    return list(people)
