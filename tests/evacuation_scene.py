"""A roll call in the house of two corridors without a database: what is known at a moment, and looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from geo.hazards.model import Area, Hazard, Slice
from geo.routing.conditions import Conditions
from geo.site_map import Passages, SiteMap, Standing
from incidents.evacuation.ground import Ground
from incidents.evacuation.look import Look, Planned, look_at
from incidents.evacuation.model import EvacuationPlanRow
from incidents.evacuation.points_chosen import HeldPoints, StatedPoint
from incidents.roll_call.model import Person, RollCall, Status
from incidents.wayfinding.model import RouteRow
from incidents.wayfinding.surroundings import Surroundings
from mobile_contract.text import Text
from people.presence.service import Whereabouts
from plant.model import Zone
from tests.wayfinding_world import HALL, STORE, lon_lat, rectangle

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
TENANT, SITE_ID, PLAN, INCIDENT, CALL = (UUID(int=n) for n in range(1, 6))
HOUR_MS = 3_600_000
Box = tuple[float, float, float, float]

ZONES: Mapping[str, tuple[Box, int]] = {
    "store": (STORE, 0),
    "hall": (HALL, 0),
    "gallery": (HALL, 1),
    # A part of the hall.
    "corner": ((1.0, 12.0, 6.0, 18.0), 0),
    # Around the assembly point, and in the meadows.
    "yard": ((-25.0, 5.0, -15.0, 15.0), 0),
    "nowhere": ((500.0, 500.0, 510.0, 510.0), 0),
}
IDS = {name: UUID(int=100 + n) for n, name in enumerate(ZONES)}
# Both gates into the store, the north corridor alone, and the yard.
NORTH, SOUTH, YARD = (35.0, 14.0, 45.0, 19.0), (35.0, 1.0, 45.0, 5.0), (-30.0, 0.0, -10.0, 20.0)
GATE = (-3.0, 5.0, 3.0, 15.0)


def zone(name: str) -> Zone:
    """One of the house."""
    box, level = ZONES[name]
    return Zone(TENANT, IDS[name], SITE_ID, None, name, Text(name, name), rectangle(*box), level, 0, [], [], 1, NOW)


def ground(site: SiteMap) -> Ground:
    """The house with all its zones."""
    return Ground(PLAN, site, [zone(name) for name in ZONES])


def cloud(*slices: tuple[int, Box], name: str = "cloud") -> Standing:
    """Nobody goes in: from so many ms on, this box and no other."""
    made = []
    for number, (start, box) in enumerate(slices):
        end = slices[number + 1][0] if number + 1 < len(slices) else start + HOUR_MS
        made.append(Slice(start_ms=start, length_ms=end - start, areas=[Area(polygon=rectangle(*box), levels=[0])]))
    return Standing(Hazard(id=name, source="drawn", slices=made))


def person(number: int, zone_name: str | None = "store", **given: Any) -> Person:
    """Somebody expected."""
    known: dict[str, Any] = {
        "tenant_id": TENANT,
        "roll_call_id": CALL,
        "person_id": UUID(int=1000 + number),
        "kind": "staff",
        "name": "Wang",
        "host_id": None,
        "source": "badge",
        "zone_id": None if zone_name is None else IDS[zone_name],
        "level": 0,
        "seen_at": NOW,
        "confidence": 0.9,
        "status": "missing",
    }
    return Person(**(known | given))


def seen(who: Person, at: tuple[float, float] | None = None, *, seconds: float = 0, **given: Any) -> Whereabouts:
    """Where somebody was seen, by their phone."""
    known: dict[str, Any] = {
        "person_id": who.person_id,
        "kind": who.kind,
        "name": who.name,
        "site_id": SITE_ID,
        "on_site": True,
        "zone_id": who.zone_id,
        "level": 0,
        "position": None if at is None else lon_lat(*at),
        "accuracy_m": None if at is None else 2.0,
        "seen_at": NOW + timedelta(seconds=seconds),
        "source": "phone",
        "confidence": 0.9,
    }
    return Whereabouts(**(known | given))


def point(number: int, at: tuple[float, float], name: str, capacity: int | None = None) -> StatedPoint:
    """An assembly point as people stated it."""
    return StatedPoint(UUID(int=50 + number), Text(name, name), *lon_lat(*at), 0, capacity)


class Leaving:
    """What is known of a roll call; ``look`` plans, and keeps what was told."""

    def __init__(self, site: SiteMap) -> None:
        self.ground = ground(site)
        self.people: list[Person] = []
        self.seen: dict[UUID, Whereabouts] = {}
        self.ways: dict[UUID, RouteRow] = {}
        self.standing: list[Standing] = []
        self.passages = Passages()
        self.points: list[StatedPoint] = []
        self.held: HeldPoints | None = None
        self.wind_from_deg: float | None = None

    def add(self, zone_name: str | None = "store", *, at: tuple[float, float] | None = None, **given: Any) -> UUID:
        """Somebody more; ``at``: where their phone is."""
        who = person(len(self.people), zone_name, **given)
        self.people.append(who)
        if at is not None:
            self.seen[who.person_id] = seen(who, at)
        return who.person_id

    def becomes(self, status: Status) -> None:
        """Of everybody."""
        self.people = [Person(**{**_fields(it), "status": status}) for it in self.people]

    def conditions(self) -> Conditions:
        """What holds now."""
        return self.ground.site.conditions(self.ground.site.hazards(self.standing), self.passages)

    def look(self, seconds: float = 0, *, points: Sequence[StatedPoint] | None = None) -> Planned:
        """Plan, so many seconds after it began."""
        at = NOW + timedelta(seconds=seconds)
        look = Look(
            at=at,
            call=RollCall(
                tenant_id=TENANT,
                id=CALL,
                incident_id=INCIDENT,
                site_id=SITE_ID,
                scope="site",
                zone_ids=[],
                building_id=None,
                place=Text("厂房", "The house"),
                reason="leak",
                exercise=False,
                state="open",
                started_at=NOW,
                started_by=None,
            ),
            row=_row(self.held),
            people=self.people,
            seen=self.seen,
            ways=self.ways,
            points=self.points if points is None else points,
            around=Surroundings(self.standing, {"cloud": Text("云", "the cloud")}, self.passages, []),
            agent="acetone",
            wind_from_deg=self.wind_from_deg,
        )
        planned = look_at(self.ground, look)
        self.held = planned.gather.held
        self.ways |= {it.account_id: it for it in [*planned.told, *planned.moved]}
        return planned


def _fields(it: Person) -> dict[str, Any]:
    return {name: getattr(it, name) for name in it.__struct_fields__}


def _row(held: HeldPoints | None) -> EvacuationPlanRow:
    return EvacuationPlanRow(
        tenant_id=TENANT,
        roll_call_id=CALL,
        site_id=SITE_ID,
        place_plan_id=PLAN,
        revision=0,
        view=None,
        held=held,
        planned_at=None,
        look_at=NOW,
        woken_at=None,
        lease=None,
        leased_until=None,
        ended_at=None,
    )
