"""A rota through its edits: each moment is answered by the version that was in force then. Pure.

An edit made at E changes nothing that is answered about moments before E but until when a duty lasts: one that was to
go on beyond E ends there when the new version has it otherwise. Changes (overrides, swaps) count in every version.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from people.rotas import on_call
from people.rotas.on_call import BEGINNING, END, GAP_SEARCH, STINTS_MAX, Roster, Stint

_TICK = timedelta(microseconds=1)


class Era(msgspec.Struct, frozen=True):
    """A version from until before; ``roster`` None: nobody was on duty by it (retired)."""

    starts_at: datetime
    ends_at: datetime
    roster: Roster | None


class Told(msgspec.Struct, frozen=True):
    """A stint with the roster that explains its reason."""

    roster: Roster
    stint: Stint


def history(versions: Sequence[tuple[datetime, Roster | None]]) -> tuple[Era, ...]:
    """Versions with when each came into force, oldest first; at least one.

    The first also counts for the time before. One that was replaced at once was never in force.
    """
    ends = [starts_at for starts_at, _ in versions[1:]] + [END]
    begins = [BEGINNING, *ends[:-1]]
    return tuple(
        Era(begin, end, roster) for begin, end, (_, roster) in zip(begins, ends, versions, strict=True) if begin < end
    )


def at(eras: Sequence[Era], moment: datetime) -> list[Told]:
    """Every position at this moment, first on call first, each with its true beginning and end."""
    number = bisect_right(eras, moment, key=lambda era: era.starts_at) - 1
    roster = eras[number].roster
    if roster is None:
        return []
    return [Told(roster, _whole(eras, number, stint, moment)) for stint in on_call.at(roster, moment)]


def timeline(eras: Sequence[Era], start: datetime, end: datetime) -> list[Told]:
    """Every position through ``[start, end)``, by position and time; stints cut off where the period is.

    Raises Invalid when there are more than STINTS_MAX of them.
    """
    told: list[Told] = []
    for era in eras:
        first, last = max(start, era.starts_at), min(end, era.ends_at)
        if era.roster is not None and first < last:
            told += [Told(era.roster, stint) for stint in on_call.timeline(era.roster, first, last)]
            if len(told) > STINTS_MAX:
                raise on_call.too_many(end)
    # Within an era they are in order already; the sort keeps what it finds in order.
    told.sort(key=lambda it: (it.stint.position, it.stint.starts_at))
    joined: list[Told] = []
    for it in told:
        if joined and on_call.continues(joined[-1].stint, it.stint):
            before = joined[-1]
            joined[-1] = Told(before.roster, msgspec.structs.replace(before.stint, ends_at=it.stint.ends_at))
        else:
            joined.append(it)
    return joined


def _whole(eras: Sequence[Era], number: int, stint: Stint, moment: datetime) -> Stint:
    """The stint, whole in the version in force, cut to it and grown into those before and after that say the same."""
    era = eras[number]
    found = msgspec.structs.replace(
        stint, starts_at=max(stint.starts_at, era.starts_at), ends_at=min(stint.ends_at, era.ends_at)
    )
    for earlier in reversed(eras[:number]):
        before = _around(earlier, found.position, earlier.ends_at - _TICK)
        if found.starts_at != earlier.ends_at or before is None or not on_call.continues(before, found):
            break
        found = msgspec.structs.replace(found, starts_at=max(before.starts_at, earlier.starts_at))
    for later in eras[number + 1 :]:
        after = _around(later, found.position, later.starts_at)
        if found.ends_at != later.starts_at or after is None or not on_call.continues(found, after):
            break
        found = msgspec.structs.replace(found, ends_at=min(after.ends_at, later.ends_at))
    if found.account_id is None:
        # As in one version: a gap that is longer is said to be this long.
        earliest, latest = max(BEGINNING, moment - GAP_SEARCH), min(END, moment + GAP_SEARCH)
        return msgspec.structs.replace(
            found, starts_at=max(found.starts_at, earliest), ends_at=min(found.ends_at, latest)
        )
    return found


def _around(era: Era, position: int, moment: datetime) -> Stint | None:
    """The position's stint at this moment, cut to the era; None: the version has no such position."""
    if era.roster is None or position not in era.roster.positions:
        return None
    stint = on_call.around(era.roster, position, moment)
    return msgspec.structs.replace(
        stint, starts_at=max(stint.starts_at, era.starts_at), ends_at=min(stint.ends_at, era.ends_at)
    )
