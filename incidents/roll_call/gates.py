"""What gates say of those expected while a roll call runs: who left, and who of them went back in.

Muster marks both itself (``by_account`` None), so its marks merge with people's: the one who comes back has not left.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

from core.database import Tx
from incidents.roll_call import marking, queries, service
from incidents.roll_call.merge import standing
from incidents.roll_call.model import Mark, Person, RollCall, Said
from people.presence import service as presence


async def see_who_passed(tx: Tx, call: RollCall) -> RollCall:
    """Mark whoever went out since it began and is still out, and take that back from whoever is in again."""
    gone = await presence.list_gone(tx, call.tenant_id, call.site_id, call.started_at, tx.now)
    out = {w.person_id: w.seen_at for w in gone if w.seen_at is not None}
    here = await presence.list_whereabouts(tx, call.tenant_id, call.site_id, tx.now)
    inside = {w.person_id: w.seen_at for w in here if w.on_site and w.seen_at is not None}
    people = await queries.find_people(tx, call.tenant_id, call.id, [*out, *inside])
    left = [p for p in people if p.person_id in out and p.status in ("missing", "unsure")]
    back = [p for p in people if p.person_id in inside and p.status == "left"]
    if not left and not back:
        return call
    marks: dict[UUID, list[Mark]] = {}
    for made in await queries.marks_of(tx, call.tenant_id, call.id, [p.person_id for p in (*left, *back)]):
        marks.setdefault(made.person_id, []).append(made)
    fresh = [_left(tx, call, p, out[p.person_id], marks.get(p.person_id, ())) for p in left]
    fresh += _withdrawn(tx, call, back, inside, marks)
    known = {made.id for theirs in marks.values() for made in theirs}
    fresh = [made for made in fresh if made.id not in known]
    if not fresh:
        return call
    await queries.insert_marks(tx, call.tenant_id, call.id, fresh)
    call = await marking.judge_again(tx, call, {made.person_id for made in fresh})
    for said in ("left", "withdrawn"):
        if passed := [made.person_id for made in fresh if made.said == said]:
            await service.tell_passed(tx, call, passed, back=said == "withdrawn")
    return call


def _left(tx: Tx, call: RollCall, person: Person, at: datetime, marks: Iterable[Mark]) -> Mark:
    # One mark each time somebody leaves: once a person has taken it back it does not come again.
    times = sum(made.said == "withdrawn" and made.by_account is None for made in marks)
    key = f"{person.person_id}:left:{at}" + (f":{times}" if times else "")
    return _mark(tx, uuid5(call.id, key), person, "left", at)


def _withdrawn(
    tx: Tx, call: RollCall, back: Iterable[Person], inside: dict[UUID, datetime], marks: dict[UUID, list[Mark]]
) -> list[Mark]:
    """What a gate said and no person: a marshal who saw somebody go knows better than a badge."""
    found = []
    for person in back:
        at = inside[person.person_id]
        for made in standing(marks.get(person.person_id, ())):
            if made.said == "left" and made.by_account is None and at > made.at:
                key = f"{made.id}:back"
                found.append(_mark(tx, uuid5(call.id, key), person, "withdrawn", at, seen=(made.id,)))
    return found


def _mark(tx: Tx, id_: UUID, person: Person, said: Said, at: datetime, seen: tuple[UUID, ...] = ()) -> Mark:
    return Mark(id=id_, person_id=person.person_id, said=said, seen=seen, by_account=None, at=at, received_at=tx.now)
