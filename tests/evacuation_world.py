"""A house with two exits to lead people out of: a hall in the west, a store in the east, on each side a point.

A door joins the two; the hall has the west exit, the store the east one.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from core.database import Database, Tx
from core.ids import new_id
from geo.hazards.model import Area, Hazard, Slice
from geo.places.model import Level, Plan
from geo.site_map import Standing
from incidents import queries, rooms
from incidents.incident import Incident
from incidents.roll_call import points, service
from incidents.roll_call import queries as roll_calls
from incidents.roll_call.model import Person, RollCall
from incidents.roll_call.points import PointDraft
from incidents.roll_call.service import Wanted
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Role
from plant.model import Site, Zone
from plant.place_service import SiteDraft, ZoneDraft, create_site, create_zone
from plant.places import service as places
from plant.places.office import DrawingOffice
from tests import incident_world
from tests.small_buildings import SITE, Building

HOUR_MS = 3_600_000
# Of each point: one alone does not do for twenty.
ROOM = 15
EAST_EXIT = (36, 5, 44, 15)
EAST_YARD = (50, 0, 70, 20)


def house() -> Plan:
    """The plan of the place."""
    b = Building(levels=[Level(level=0, name=Text("一层", "ground"))])
    b.room("hall", (0, 0, 20, 20), name="大厅|Hall")
    b.room("store", (20, 0, 40, 20), name="库房|Store")
    b.door("M", (20, 10), ("hall", "store"), "中门|Middle Door")
    b.door("XW", (0, 10), ("hall", None), "西门|West Gate", exit=True)
    b.door("XE", (40, 10), ("store", None), "东门|East Gate", exit=True)
    b.meet("A", (-20, 10), "西集合点|Assembly West")
    b.meet("B", (60, 10), "东集合点|Assembly East")
    return b.plan()


def square(x0: float, y0: float, x1: float, y1: float) -> dict[str, Any]:
    """GeoJSON by metres east and north."""
    ring = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    return {"type": "Polygon", "coordinates": [SITE.to_degrees(ring).tolist()]}


def at(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude by metres east and north."""
    lon, lat = SITE.to_degrees([(x, y)])[0].tolist()
    return lon, lat


def hazard(*areas: tuple[int, tuple[float, float, float, float]], name: str = "cloud") -> Standing:
    """Nobody goes in: from so many ms on, these boxes."""
    slices = [
        Slice(start_ms=start, length_ms=HOUR_MS, areas=[Area(polygon=square(*box), levels=[0])]) for start, box in areas
    ]
    return Standing(Hazard(id=name, source="grown", slices=slices))


class World(msgspec.Struct, frozen=True):
    """What stands: the site with its plan in force, zones and points, an incident and who commands it."""

    tenant_id: UUID
    site: Site
    hall: Zone
    store: Zone
    west: UUID
    east: UUID
    incident_id: UUID
    officer: Actor


async def build(db: Database, tenant_id: UUID, login: str = "wang") -> World:
    """Make it and commit."""
    async with db.transaction(tenant_id) as tx:
        site = await create_site(tx, None, SiteDraft("house", Text("厂房", "The house"), "Asia/Shanghai"))
        hall = await create_zone(tx, None, ZoneDraft(site.id, "hall", Text("大厅", "The hall"), square(0, 0, 20, 20)))
        store = await create_zone(
            tx, None, ZoneDraft(site.id, "store", Text("库房", "The store"), square(20, 0, 40, 20))
        )
        wang = await incident_world.add_account(tx, login, "safety_officer")
        admin = Actor(tenant_id, wang, Role.ADMIN)
        west = await add_point(tx, admin, site.id, "west", Text("西集合点", "Assembly West"), (-20, 10), ROOM)
        east = await add_point(tx, admin, site.id, "east", Text("东集合点", "Assembly East"), (60, 10), ROOM)
        incident_id = await add_incident(tx, site.id, store, wang)
    office = DrawingOffice()
    draft = await places.put_draft(db, office, admin, site.id, house(), expected_version=0)
    await places.publish_draft(db, office, admin, site.id, accepted=[], expected_version=draft[0].version)
    officer = Actor(tenant_id, wang, Role.SAFETY_OFFICER)
    return World(tenant_id, site, hall, store, west, east, incident_id, officer)


async def add_point(
    tx: Tx, actor: Actor, site_id: UUID, slug: str, name: Text, where: tuple[float, float], capacity: int | None = None
) -> UUID:
    """An assembly point."""
    position = {"type": "Point", "coordinates": list(at(*where))}
    return (await points.create_point(tx, actor, PointDraft(site_id, slug, name, position, 0, capacity))).id


async def add_incident(tx: Tx, site_id: UUID, zone: Zone, member: UUID) -> UUID:
    """A leak in a zone."""
    assert tx.tenant_id is not None
    incident = Incident(
        tenant_id=tx.tenant_id,
        id=new_id(),
        number=0,
        site_id=site_id,
        zone_id=zone.id,
        state="open",
        grade=2,
        reasons=[],
        title=Text("泄漏", "A leak"),
        place=zone.name,
        agent="acetone",
        plan={"template": "solvent", "version": 1},
        first_out_alarm_id=None,
        opened_at=tx.now,
        last_alarm_at=tx.now,
        opened_by=member,
    )
    await queries.insert_incident(tx, tx.tenant_id, incident)
    await rooms.open_room(tx, tx.tenant_id, incident.id, [member])
    return incident.id


async def evacuate(db: Database, world: World) -> RollCall:
    """Begin a roll call of the whole site; nobody is expected yet."""
    async with db.transaction(world.tenant_id) as tx:
        return await service.begin(
            tx, world.tenant_id, world.incident_id, Wanted("site"), "leak", by=world.officer.account_id
        )


async def expect(tx: Tx, call: RollCall, person_id: UUID, zone: Zone | None, kind: str = "staff") -> None:
    """Somebody is missing who was last seen in a zone; None: nobody knows where."""
    person = msgspec.convert(
        {
            "tenant_id": call.tenant_id,
            "roll_call_id": call.id,
            "person_id": person_id,
            "kind": kind,
            "name": str(person_id)[-4:],
            "host_id": None,
            "source": "badge",
            "zone_id": None if zone is None else zone.id,
            "level": 0,
            "seen_at": tx.now,
            "confidence": 0.9,
            "status": "missing",
        },
        Person,
    )
    await roll_calls.insert_people(tx, call.tenant_id, [person])


async def expect_crowd(db: Database, call: RollCall, zone: Zone | None, count: int, begin: int = 1000) -> None:
    """Visitors without a phone in a zone."""
    async with db.transaction(call.tenant_id) as tx:
        for number in range(count):
            await expect(tx, call, UUID(int=begin + number), zone, "visitor")
