"""Who could be asked: people with skills, duty, place, reach and load, in the order in which they are asked. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from incidents.alarms.agents import Hazard
from people.presence.service import Whereabouts
from people.rotas.service import Duty
from plant.model import Zone

Standing: TypeAlias = Literal["on_shift", "on_call", "unknown", "off_shift"]
Place: TypeAlias = Literal["same_zone", "adjoining", "same_floor", "elsewhere", "unknown"]
PassedOver: TypeAlias = Literal["in_hazard_zone", "do_not_disturb", "off_shift", "has_task"]

_STANDINGS: tuple[Standing, ...] = ("on_shift", "on_call", "unknown", "off_shift")
_PLACES: tuple[Place, ...] = ("same_zone", "adjoining", "same_floor", "elsewhere", "unknown")
# A place believed less than this is no better than none: it would send the wrong person first.
BELIEVED = 0.5
# In these a person in the zone is a casualty to be, not a helper.
_DEADLY: frozenset[Hazard] = frozenset({"toxic", "asphyxiant"})


class Person(msgspec.Struct, frozen=True):
    """An account as the tables have it; ``reach``: 2 a push address, 1 a signed-in device, 0 none.

    ``busy``: tasks in hand; ``engaged``: they have, go to or are asked for another task of this incident.
    """

    account_id: UUID
    role: str
    reach: int
    busy: int
    engaged: bool


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who could be asked, with everything that decides when."""

    account_id: UUID
    role: str
    reach: int = 0
    busy: int = 0
    engaged: bool = False
    skills: frozenset[str] = frozenset()
    teams: frozenset[UUID] = frozenset()
    on_shift: frozenset[UUID] = frozenset()
    on_call: tuple[tuple[UUID, int], ...] = ()
    standing: Standing = "unknown"
    place: Place = "unknown"
    endangered: bool = False
    do_not_disturb: bool = False

    @property
    def passed_over(self) -> PassedOver | None:
        """Why they are not asked with the others; who is in danger is not asked at all."""
        if self.endangered:
            return "in_hazard_zone"
        if self.do_not_disturb:
            return "do_not_disturb"
        if self.standing == "off_shift":
            return "off_shift"
        return "has_task" if self.engaged else None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about people now, by the parts that know it; all of it may be empty."""

    skills: Mapping[UUID, frozenset[str]] = {}
    duties: Collection[Duty] = ()
    teams: Mapping[UUID, frozenset[UUID]] = {}
    whereabouts: Collection[Whereabouts] = ()
    zones: Mapping[UUID, Zone] = {}
    hazard_zones: frozenset[UUID] = frozenset()
    hazard: Hazard | None = None
    quiet: frozenset[UUID] = frozenset()


def assemble(people: Collection[Person], known: Known) -> list[Candidate]:
    """Everyone with everything. Where no rota says who is on duty, nobody is off duty."""
    seen = {w.person_id: w for w in known.whereabouts if w.on_site and w.kind == "staff"}
    duties: dict[UUID, list[Duty]] = defaultdict(list)
    for duty in known.duties:
        duties[duty.account_id].append(duty)
    teams: dict[UUID, set[UUID]] = defaultdict(set)
    for team, members in known.teams.items():
        for member in members:
            teams[member].add(team)
    return [
        _candidate(person, known, duties[person.account_id], teams[person.account_id], seen.get(person.account_id))
        for person in people
    ]


def _candidate(
    person: Person, known: Known, mine: Collection[Duty], teams: Collection[UUID], seen: Whereabouts | None
) -> Candidate:
    zone = None if seen is None or seen.confidence < BELIEVED else seen.zone_id
    place = place_of(zone, known.hazard_zones, known.zones)
    return Candidate(
        account_id=person.account_id,
        role=person.role,
        reach=person.reach,
        busy=person.busy,
        engaged=person.engaged,
        skills=known.skills.get(person.account_id, frozenset()),
        teams=frozenset(teams),
        on_shift=frozenset(d.rota_id for d in mine if d.kind == "shift"),
        on_call=tuple(sorted((d.rota_id, d.position) for d in mine if d.kind == "on_call")),
        standing=_standing(mine, bool(known.duties), here=seen is not None and seen.source in ("badge", "phone")),
        place=place,
        endangered=place == "same_zone" and known.hazard in _DEADLY,
        do_not_disturb=person.account_id in known.quiet,
    )


def _standing(duties: Collection[Duty], kept: bool, *, here: bool) -> Standing:
    """Who came in by the door is at work, whatever the rota says."""
    if here or any(d.kind == "shift" for d in duties):
        return "on_shift"
    if duties:
        return "on_call"
    return "off_shift" if kept else "unknown"


def place_of(zone_id: UUID | None, hazard_zones: Collection[UUID], zones: Mapping[UUID, Zone]) -> Place:
    """How far a person's zone is from where the incident is, by the plan of the site."""
    zone = None if zone_id is None else zones.get(zone_id)
    if zone is None:
        return "unknown"
    if zone.id in hazard_zones:
        return "same_zone"
    there = [zones[h] for h in hazard_zones if h in zones]
    if any(zone.id in h.adjoining or h.id in zone.adjoining for h in there):
        return "adjoining"
    if any((h.building_id, h.level) == (zone.building_id, zone.level) for h in there):
        return "same_floor"
    return "elsewhere"


def order(candidate: Candidate) -> tuple[bool, int, int, int, int, UUID]:
    """The order among people who are equally skilled: a phone to reach, on shift, near, well reached, idle."""
    return (
        candidate.reach == 0,
        _STANDINGS.index(candidate.standing),
        _PLACES.index(candidate.place),
        -candidate.reach,
        candidate.busy,
        candidate.account_id,
    )


def nearest_first(candidate: Candidate) -> tuple[int, tuple[bool, int, int, int, int, UUID]]:
    """The order for "nearest": the place before everything else."""
    return _PLACES.index(candidate.place), order(candidate)
