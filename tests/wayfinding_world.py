"""A house with two ways through it, an incident in its store, a task, and people who say where they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from core.database import Database, Tx
from core.ids import new_id
from geo.fixes import Fix
from incidents.incident import Task
from incidents.wayfinding import route_queries
from incidents.wayfinding.guide import Guide
from incidents.wayfinding.model import RouteRow
from people.actor import Actor
from people.permissions import Role
from people.presence import positions
from people.presence.positions import Reported
from plant.places import service
from plant.places.office import DrawingOffice
from plant.places.site_maps import SiteMaps
from tests import incident_world
from tests.example_buildings import two_corridors
from tests.incident_world import World
from tests.small_buildings import SITE

# In metres of the house: the room where people are, and the one where it happens.
HALL, STORE = (0.0, 0.0, 20.0, 20.0), (60.0, 0.0, 80.0, 20.0)
STORE_NAME = {"zh": "库房", "en": "Store"}


def lon_lat(x: float, y: float) -> tuple[float, float]:
    """A place of the house in degrees."""
    lon, lat = SITE.to_degrees([(x, y)])[0].tolist()
    return lon, lat


def rectangle(x0: float, y0: float, x1: float, y1: float) -> dict[str, Any]:
    """GeoJSON of a rectangle in metres of the house."""
    ring = [lon_lat(x, y) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))]
    return {"type": "Polygon", "coordinates": [[list(it) for it in ring]]}


class House:
    """The house's tenant with its incident and task; ``wang`` has the task, ``li`` has none."""

    def __init__(self, db: Database, world: World, task: Task) -> None:
        self.db, self.world, self.task = db, world, task
        self.tenant_id, self.site_id = world.tenant_id, world.site_id
        self.maps = SiteMaps(db)
        self.guide = Guide(db, self.maps)

    async def at(self, account_id: UUID, x: float, y: float, level: int = 0) -> None:
        """A person's phone says where they are."""
        async with self.db.transaction(self.tenant_id) as tx:
            fix = Fix(*lon_lat(x, y), 2.0, level)
            answer = await positions.report_positions(tx, self.world.actor(account_id), [Reported(tx.now, fix)])
            assert answer.kept == 1

    async def routes(self, account_id: UUID | None = None) -> list[RouteRow]:
        """The ways that are not over, of a person or of wang."""
        async with self.db.transaction(self.tenant_id) as tx:
            return await route_queries.list_of_account(tx, self.tenant_id, account_id or self.world.wang)

    async def route(self, account_id: UUID | None = None) -> RouteRow:
        """A person's only way."""
        (found,) = await self.routes(account_id)
        return found


async def build(db: Database, tenant_id: UUID) -> House:
    """Everything, with the plan in force."""
    async with db.transaction(tenant_id) as tx:
        world = await incident_world.build(tx)
        task = await incident_world.add_task(tx, world, world.wang)
        await _zones(tx, world)
    office, admin = DrawingOffice(), Actor(tenant_id, new_id(), Role.ADMIN)
    plan = two_corridors().plan()
    drawn, report = await service.put_draft(db, office, admin, world.site_id, plan, expected_version=0)
    assert not [it for it in report.checked if it.kind == "not_walkable"]
    await service.publish_draft(db, office, admin, world.site_id, accepted=[], expected_version=drawn.version)
    return House(db, world, task)


async def _zones(tx: Tx, world: World) -> None:
    """The incident's zone is the store; the hall is another."""
    await tx.execute(
        "UPDATE zones SET polygon = $3, name = $4 WHERE tenant_id = $1 AND id = $2",
        world.tenant_id,
        world.zone_id,
        rectangle(*STORE),
        STORE_NAME,
    )
    await tx.execute(
        "INSERT INTO zones (tenant_id, id, site_id, slug, name, polygon, level, risk, created_at)"
        " VALUES ($1, $2, $3, 'hall', $4, $5, 0, 0, $6)",
        world.tenant_id,
        new_id(),
        world.site_id,
        {"zh": "大厅", "en": "Hall"},
        rectangle(*HALL),
        tx.now,
    )


def said(row: RouteRow) -> str:
    """What is told of a way, in English."""
    return " ".join(step.text.en for step in row.view.steps)


def replaced(task: Task, **changes: Any) -> Task:
    """The task with other fields."""
    return msgspec.structs.replace(task, **changes)
