"""Whether enough of the right people are coming: people matched to needs. Pure.

Each person fills one place at most. Places are filled by augmenting paths in the order the needs are written (Kuhn's
algorithm), so a place once filled stays filled: the matching is maximum, and the filled places are the first that can
be filled together. A further person never empties one (transversal matroid), and the order of people does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from incidents.tasking.policy import Need


class Comer(msgspec.Struct, frozen=True):
    """Somebody who said yes, with the skills they have now; ``moving``: they are on the way."""

    account_id: UUID
    skills: frozenset[str]
    moving: bool = False


class Filling(msgspec.Struct, frozen=True):
    """Who fills what: (need's index, account) sorted, and how many of each need's places are filled."""

    places: tuple[tuple[int, UUID], ...]
    met: tuple[int, ...]
    missing: int

    @property
    def complete(self) -> bool:
        """Every place is filled."""
        return self.missing == 0

    @property
    def accounts(self) -> frozenset[UUID]:
        """Everyone who fills a place."""
        return frozenset(account for _, account in self.places)


def suits(comer: Comer, need: Need) -> bool:
    """Whether this person may fill a place of the need."""
    return (need.skill is None or need.skill in comer.skills) and (need.fact == "acknowledged" or comer.moving)


def fill(needs: Sequence[Need], comers: Iterable[Comer]) -> Filling:
    """The best filling of the needs by these people; one person twice is one person."""
    people = sorted({c.account_id: c for c in comers}.values(), key=lambda c: c.account_id)
    places = [index for index, need in enumerate(needs) for _ in range(need.count)]
    filled_by: dict[UUID, int] = {}
    taken: dict[int, UUID] = {}
    for place in range(len(places)):
        _augment(place, places, needs, people, filled_by, taken, set())
    met = [0] * len(needs)
    for place in taken:
        met[places[place]] += 1
    assigned = tuple(sorted((places[place], account) for place, account in taken.items()))
    return Filling(assigned, tuple(met), len(places) - len(taken))


def _augment(
    place: int,
    places: Sequence[int],
    needs: Sequence[Need],
    people: Sequence[Comer],
    filled_by: dict[UUID, int],
    taken: dict[int, UUID],
    tried: set[UUID],
) -> bool:
    """Fill the place, moving people to other places where that helps; at most COUNT_MAX * NEEDS_MAX deep."""
    for person in people:
        if person.account_id in tried or not suits(person, needs[places[place]]):
            continue
        tried.add(person.account_id)
        other = filled_by.get(person.account_id)
        if other is None or _augment(other, places, needs, people, filled_by, taken, tried):
            filled_by[person.account_id] = place
            taken[place] = person.account_id
            return True
    return False
