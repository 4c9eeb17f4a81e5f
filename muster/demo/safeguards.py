"""What the demo plant has beside its instruments: a vote, a cause-and-effect matrix, assembly points, pinned cards.

Written by the demo's own people through the services, so that the record names who did it: an admin makes, the safety
officer writes the matrix, the admin reviews and publishes it.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

from core.database import Database, Tx
from incidents import queries as incident_queries
from incidents.alarms import limits, voting_queries, voting_service
from incidents.alarms.voting_service import GroupDraft
from incidents.matrix import service as matrices
from incidents.matrix.model import Cause, Cell, Effect, MatrixBody
from incidents.plans import card_service
from incidents.roll_call import points
from incidents.roll_call.points import PointDraft
from mobile_contract.text import Text
from muster.demo import catalogue
from people import queries as people_queries
from people.actor import Actor
from people.permissions import Role
from plant import instrument_queries
from plant import queries as plant_queries

# The detectors speak every second once they are connected.
LOOK_EVERY_S = 1.0
_AUTHORS = ("admin", "zhao")
_FIND_TENANT = "SELECT muster_tenant_by_slug($1)"
# Ended ones too: whoever ended the vote does not want it back.
_HAS_VOTED = "SELECT EXISTS (SELECT FROM voting_groups WHERE tenant_id = $1)"


async def place_people_and_cards(tx: Tx, tenant_id: UUID, site_id: UUID, admin_id: UUID) -> None:
    """Assembly points, and cards pinned to zones; the zones are there."""
    admin = Actor(tenant_id, admin_id, Role.ADMIN)
    for slug, name, (x_m, y_m), capacity in catalogue.ASSEMBLY_POINTS:
        position = {"type": "Point", "coordinates": catalogue.lon_lat(x_m, y_m)}
        await points.create_point(tx, admin, PointDraft(site_id, slug, name, position, 0, capacity))
    zones = {zone.slug: zone.id for zone in await plant_queries.list_zones(tx, tenant_id, site_id)}
    for slug, agents in catalogue.PINNED_CARDS:
        await card_service.pin_cards(tx, admin, zones[slug], agents)


async def keep_arming(db: Database) -> None:
    """Let the HF detectors vote as soon as all of them speak: one that was never heard would vote for alarm."""
    while not await arm_vote(db):  # noqa: ASYNC110 - another process hears them
        await asyncio.sleep(LOOK_EVERY_S)


async def arm_vote(db: Database) -> bool:
    """Write the vote and the matrix once; False while a detector has not been heard."""
    async with db.transaction(None) as tx:
        tenant_id = await tx.fetchval(_FIND_TENANT, catalogue.TENANT)
    async with db.transaction(tenant_id) as tx:
        site = (await plant_queries.list_sites(tx, tenant_id))[0]
        await incident_queries.lock_site(tx, tenant_id, site.id)
        if await tx.fetchval(_HAS_VOTED, tenant_id):
            return True
        voters = await _voters(tx, tenant_id, site.id)
        facts = await voting_queries.sensor_facts(tx, tenant_id, voters)
        if not all(known.sound for known in facts.values()):
            return False
        people = {login: await people_queries.find_account_by_login(tx, tenant_id, login) for login in _AUTHORS}
        admin, officer = (Actor(tenant_id, it.id, it.role) for it in people.values() if it is not None)
        await _matrix(tx, officer, admin, site.id, await _vote(tx, admin, voters))
    return True


async def _voters(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[UUID]:
    devices = {d.id for d in await plant_queries.list_devices(tx, tenant_id, site_id) if d.slug in catalogue.HF_VOTERS}
    return [s.id for s in await instrument_queries.list_sensors(tx, tenant_id, site_id) if s.device_id in devices]


async def _vote(tx: Tx, admin: Actor, voters: list[UUID]) -> UUID:
    """Two of three in the HF room; returns the vote's rule."""
    (limit,) = [p for p in limits.find_set_points("hydrogen-fluoride", "mg/m3") if p.level == 2]
    draft = GroupDraft(
        name=catalogue.HF_VOTE_NAME,
        sensors=voters,
        m=catalogue.HF_VOTES_NEEDED,
        side="high",
        level=limit.level,
        set_point=limit.value,
        unit=limit.unit,
        source=limit.source,
        deadband=limit.value * limits.DEADBAND_SHARE,
        off_delay_s=limits.OFF_DELAY_S,
        rearm_after_s=limits.REARM_AFTER_S,
        toxic=limit.toxic,
    )
    group = await voting_service.create_group(tx, admin, draft)
    assert group.rule is not None
    return group.rule.id


async def _matrix(tx: Tx, officer: Actor, admin: Actor, site_id: UUID, vote: UUID) -> None:
    """The vote in the gas house warns the optics building too, which no plan of a zone beside it would."""
    found = await instrument_queries.list_actuators(tx, officer.tenant_id, site_id)
    devices = {d.id: d.slug for d in await plant_queries.list_devices(tx, officer.tenant_id, site_id)}
    ids = {devices[actuator.device_id]: actuator.id for actuator in found}
    cause = Cause(slug="hf-vote", name=catalogue.HF_VOTE_NAME, rule=vote, level=2)
    effects = (
        Effect(
            slug="corridor-siren",
            name=Text("走廊警笛鸣响", "Sound the siren of the corridor"),
            actuator=ids["siren-corridor-1"],
            action="sound",
        ),
        Effect(
            slug="corridor-beacon",
            name=Text("走廊警示灯启动", "Start the beacon of the corridor"),
            actuator=ids["beacon-corridor-1"],
            action="start",
        ),
    )
    body = MatrixBody(
        causes=(cause,), effects=effects, cells=tuple(Cell(cause=cause.slug, effect=e.slug) for e in effects)
    )
    draft = await matrices.create_matrix(tx, officer, site_id, body, "The gas house warns the optics building.")
    reviewed = await matrices.review_matrix(tx, admin, draft.id, expected_version=draft.version)
    await matrices.publish_matrix(tx, admin, reviewed.id, expected_version=reviewed.version)
