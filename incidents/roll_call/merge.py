"""What all marks together say of a person. Pure, and a function of their set alone.

Marshals count offline and come back in any order, any number of times. So nothing here depends on clocks, arrival or
repetition: a mark names those it replaces (a multi-value register after Shapiro et al., "A comprehensive study of
Convergent and Commutative Replicated Data Types", 2011, section 3.2.2), the ones nobody replaced stand, and among those
that stand the one that errs on the careful side is shown:

* help is needed beats everything: somebody who was seen safe by another marshal is looked after once too often;
* seen, safe or leaving, beats not seen: eyes are proof, their absence is none;
* marks that stand side by side and differ are shown as contested, so that a person asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from incidents.roll_call.model import Counts, Mark, Person, Status

# Below this it is as likely as not that the person was not there: they are asked after, nobody walks into smoke first.
MISSING_FROM = 0.5

_CAREFUL = ("need_help", "safe", "left", "not_here", "withdrawn")


class Verdict(msgspec.Struct, frozen=True):
    """How a person stands; ``contested``: people who did not know of each other said different things."""

    status: Status
    contested: bool = False
    assembly_point_id: UUID | None = None
    at: datetime | None = None


def standing(marks: Iterable[Mark]) -> list[Mark]:
    """The marks nobody replaced, in order of their ids; a mark that names itself is not gone for that."""
    by_id = {mark.id: mark for mark in marks}
    replaced = {seen for mark in by_id.values() for seen in mark.seen if seen != mark.id}
    heads = [by_id[key] for key in sorted(by_id) if key not in replaced]
    # Marks that replace each other in a ring can only be made up; then all of them stand.
    return heads or [by_id[key] for key in sorted(by_id)]


def judge(confidence: float, marks: Iterable[Mark]) -> Verdict:
    """How a person stands who was believed there with this confidence (0 to 1), by all that was said of them."""
    heads = [mark for mark in standing(marks) if mark.said != "withdrawn"]
    if not heads:
        return Verdict("missing" if confidence >= MISSING_FROM else "unsure")
    leading = min(heads, key=lambda mark: (_CAREFUL.index(mark.said), mark.id))
    contested = len({mark.said for mark in heads}) > 1
    at = max(mark.received_at for mark in heads if mark.said == leading.said)
    status: Status = "missing"
    if leading.said == "safe":
        status = "accounted"
    elif leading.said in ("need_help", "left"):
        status = leading.said
    return Verdict(status, contested, leading.assembly_point_id, at)


def judged(person: Person, marks: Iterable[Mark]) -> Person:
    """The person as they stand."""
    verdict = judge(person.confidence, marks)
    return msgspec.structs.replace(
        person,
        status=verdict.status,
        contested=verdict.contested,
        assembly_point_id=verdict.assembly_point_id,
        status_at=verdict.at,
    )


def count(people: Sequence[Person]) -> Counts:
    """The numbers on the board."""
    by_status = [person.status for person in people]
    return Counts(
        expected=len(by_status),
        accounted=by_status.count("accounted"),
        need_help=by_status.count("need_help"),
        left=by_status.count("left"),
        missing=by_status.count("missing"),
        unsure=by_status.count("unsure"),
    )
