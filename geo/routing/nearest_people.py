"""Who reaches a place first, of those who can do what is asked. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from geo.places.model import PlaceId
from geo.routing.approach import Approach
from geo.routing.conditions import Conditions, invalid
from geo.routing.snapping import Place


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, where they are, and what they can do."""

    id: PlaceId
    place: Place
    skills: frozenset[str] = frozenset()


class Reaching(msgspec.Struct, frozen=True):
    """Somebody and how long they need; ``leaving_hazard``: they are in a banned area themselves, and get out first."""

    person: Person
    millis: int
    leaving_hazard: bool = False


class FirstThere(msgspec.Struct, frozen=True):
    """``first``: by time, then by id. ``unreachable``: able, and cut off from the place; by id."""

    first: list[Reaching]
    unreachable: list[Person]


def first_there(
    conditions: Conditions, people: Sequence[Person], place: Place, k: int, skills: Collection[str] = ()
) -> FirstThere:
    """The ``k`` of those with all ``skills`` who are there first. Raises Invalid (geo.route_invalid) for ``k`` below
    one, and too many people."""
    if k < 1:
        raise invalid("k", "k is 1 or more", "人数须为 1 或更多", k, 1)
    able = [it for it in people if it.skills.issuperset(skills)]
    places = [it.place for it in able]
    routes = Approach(conditions, [place], starts=places).routes(places)
    found = [
        Reaching(person, route.millis, route.leaving > 0)
        for person, route in zip(able, routes, strict=True)
        if route is not None
    ]
    found.sort(key=lambda it: (it.millis, it.person.id))
    lost = [person for person, route in zip(able, routes, strict=True) if route is None]
    return FirstThere(found[:k], sorted(lost, key=lambda it: it.id))
