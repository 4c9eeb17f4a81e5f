"""The demo plant, created once, in one transaction: a seeding that died in the middle left nothing.

Its plan of the place is checked before it is stored, which no transaction waits for: it comes after, by itself, and the
next seeding mends one that died in between. So does a demo that was seeded before there was a plan.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from core.clock import SystemClock
from core.database import Database, Tx
from core.errors import MusterError
from core.ids import new_id
from core.logging import get_logger
from core.settings import Settings
from geo.places.model import Plan
from incidents.alarms import rule_service
from mobile_contract.rotas import Layer, RotaDefinition, Window
from mobile_contract.text import Text
from muster.demo import catalogue, doors, equipment, safeguards
from muster.demo.catalogue import DemoAccount, DemoActuator, DemoDevice
from muster.demo.place_plan import place_plan
from people import queries as people_queries
from people import service as people
from people.actor import Actor
from people.passwords import Passwords
from people.permissions import Role
from people.presence import administration, badge_log
from people.presence.administration import BadgeDraft, DoorDraft
from people.presence.badge_log import ReadBadge
from people.qualifications import service as qualifications
from people.qualifications import type_service
from people.qualifications.library import LIBRARY
from people.qualifications.records import RecordDraft
from people.rotas import rota_service, team_service
from people.rotas.rota_service import RotaDraft
from people.rotas.team_service import TeamDraft
from people.service import AccountDraft
from plant import instrument_service as instruments
from plant import place_service as places
from plant import queries as plant_queries
from plant.instrument_service import ActuatorDraft, DeviceDraft, SensorDraft
from plant.place_service import BuildingDraft, SiteDraft, ZoneDraft
from plant.places import service as plan_service
from plant.places.office import DrawingOffice

log = get_logger(__name__)

_FIND_TENANT = "SELECT muster_tenant_by_slug($1)"
_DRAWN_BY = "admin"
_NUMBER_MAX = 2**31 - 1
_INSERT_TENANT = "INSERT INTO tenants (tenant_id, slug, name, locale, created_at) VALUES ($1, $2, $3, 'zh-CN', $4)"
# The spindle of the demo's machine hall: a motor of some 20 kW on a concrete bed.
_VIBRATION_VARIANT = "15-300 kW rigid"


async def run_seed(settings: Settings) -> int:
    """The command ``muster seed``."""
    async with Database.connect(settings.database_url, SystemClock(settings.clock_offset_s), max_size=2) as db:
        made = await seed_demo(db)
    print("seeded the demo plant" if made else "the demo plant is there already")
    return 0


async def seed_demo(db: Database) -> bool:
    """Create the demo tenant, its people, places, instruments and plan; False when it was there."""
    made = await _seed_plant(db)
    await draw_demo(db)
    return made


async def draw_demo(db: Database) -> bool:
    """Publish the demo's plan of its place; False when the site has or had one, or somebody draws another."""
    async with db.transaction(None) as tx:
        tenant_id = await tx.fetchval(_FIND_TENANT, catalogue.TENANT)
    async with db.transaction(tenant_id) as tx:
        site = (await plant_queries.list_sites(tx, tenant_id))[0]
        admin = await people_queries.find_account_by_login(tx, tenant_id, _DRAWN_BY)
        known = await plan_service.list_plans(tx, None, site.id, state=None, search=None, before=_NUMBER_MAX, limit=2)
        draft = await plan_service.get_plan(tx, None, site.id, known[0].id) if known else None
    drawn, office = place_plan(), DrawingOffice()
    # Of two versions one is in force already; one draft alone is this one if a seeding died before it was published.
    is_ours = draft is not None and draft.row.state == "draft" and msgspec.json.decode(draft.text, type=Plan) == drawn
    if admin is None or len(known) > 1 or not (draft is None or is_ours):
        return False
    actor, version = Actor(tenant_id, admin.id, admin.role), 0 if draft is None else draft.row.version
    try:
        if draft is None:
            row, _ = await plan_service.put_draft(db, office, actor, site.id, drawn, expected_version=0)
            version = row.version
        await plan_service.publish_draft(db, office, actor, site.id, accepted=[], expected_version=version)
    except MusterError as problem:
        # The plant is watched without it, and the next start tries again.
        log.warning("demo.not_drawn", error=str(problem))
        return False
    return True


async def _seed_plant(db: Database) -> bool:
    async with db.transaction(None) as tx:
        if await tx.fetchval(_FIND_TENANT, catalogue.TENANT) is not None:
            return False
    # Hashing waits, and a transaction should not.
    passwords = Passwords()
    try:
        hashed = await passwords.hash(catalogue.PASSWORD)
    finally:
        passwords.close()
    tenant_id = new_id()
    async with db.transaction(tenant_id) as tx:
        await tx.execute(_INSERT_TENANT, tenant_id, catalogue.TENANT, catalogue.TENANT_NAME, tx.now)
        accounts = {
            account.username: (await people.add_account(tx, tenant_id, _account(account, hashed), by=None)).id
            for account in catalogue.ACCOUNTS
        }
        site_id = await _plant(tx)
        await equipment.place_equipment(tx, site_id)
        await _qualify(tx, tenant_id, accounts)
        await _rotas(tx, site_id, accounts)
        await _presence(tx, tenant_id)
        await safeguards.place_people_and_cards(tx, tenant_id, site_id, accounts["admin"])
    log.info("demo.seeded", tenant=str(tenant_id))
    return True


def _account(account: DemoAccount, password_hash: str) -> AccountDraft:
    zh = account.locale == "zh-CN"
    return AccountDraft(
        account.username,
        account.name.zh if zh else account.name.en,
        "zh-CN" if zh else "en",
        Role(account.role),
        password_hash,
    )


async def _qualify(tx: Tx, tenant_id: UUID, accounts: dict[str, UUID]) -> None:
    types = {draft.slug: (await type_service.create_type(tx, None, draft)).id for draft in LIBRARY}
    today = await qualifications.today(tx, tenant_id)
    for it in catalogue.QUALIFICATIONS:
        start, end = (today + timedelta(days) for days in (it.from_days, it.until_days))
        issuer = catalogue.SITE_NAME.zh
        draft = RecordDraft(accounts[it.username], types[it.type], issuer, start, end, number=it.number)
        await qualifications.create_record(tx, None, draft)


async def _plant(tx: Tx) -> UUID:
    site = await places.create_site(tx, None, SiteDraft(catalogue.SITE, catalogue.SITE_NAME, catalogue.TIME_ZONE))
    buildings = {
        b.slug: (await places.create_building(tx, None, BuildingDraft(site.id, b.slug, b.name))).id
        for b in catalogue.BUILDINGS
    }
    zones = {}
    for zone in catalogue.ZONES:
        draft = ZoneDraft(
            site.id,
            zone.slug,
            zone.name,
            zone.polygon,
            zone.level,
            zone.risk,
            list(zone.agents),
            buildings[zone.building] if zone.building else None,
        )
        zones[zone.slug] = (await places.create_zone(tx, None, draft)).id
    for device in catalogue.DEVICES:
        await _device(tx, site.id, zones[device.zone], device)
    return site.id


async def _rotas(tx: Tx, site_id: UUID, accounts: dict[str, UUID]) -> None:
    """Two teams; a shift by day and by night, and who is called whenever something happens."""
    for slug, name, members in catalogue.TEAMS:
        team = await team_service.create_team(tx, None, TeamDraft(slug, name))
        for login in members:
            await team_service.set_member(tx, None, team.id, accounts[login])

    def layer(name: Text, crews: tuple[tuple[str, ...], ...], windows: list[Window]) -> Layer:
        turns = [[accounts[login] for login in crew] for crew in crews]
        return Layer(name, turns, catalogue.ROTA_STARTS_ON, "08:00", weekdays=["mon"], windows=windows)

    shifts = RotaDefinition([layer(name, crews, [hours]) for name, hours, crews in catalogue.SHIFTS])
    name, crews = catalogue.ON_CALL
    on_call = RotaDefinition([layer(name, crews, [])])
    shift_name, on_call_name = Text("白夜班", "Day and night shift"), Text("应急值班", "On-call officer")
    for draft in (
        RotaDraft("day-night", shift_name, catalogue.TIME_ZONE, "shift", shifts, site_id),
        RotaDraft("on-call", on_call_name, catalogue.TIME_ZONE, "on_call", on_call, site_id),
    ):
        await rota_service.create_rota(tx, None, draft)


async def _presence(tx: Tx, tenant_id: UUID) -> None:
    """The door controller with its readers, everybody's badge, and who is in."""
    site = (await plant_queries.list_sites(tx, tenant_id))[0]
    zones = {zone.slug: zone.id for zone in await plant_queries.list_zones(tx, tenant_id, site.id)}
    draft = DeviceDraft(site.id, doors.CONTROLLER, doors.CONTROLLER_NAME, doors.SECRET)
    controller = (await instruments.create_device(tx, None, draft)).device
    for it in doors.DOORS:
        begin, end = (zones[slug] if slug else None for slug in (it.from_zone, it.to_zone))
        await administration.create_door(tx, None, DoorDraft(controller.id, it.door, begin, end, it.gate))
    began = tx.now - timedelta(minutes=5)
    for number, login in doors.BADGES:
        account = await people_queries.find_account_by_login(tx, tenant_id, login)
        assert account is not None
        await administration.issue_badge(tx, None, BadgeDraft(number, account.id, None, began))
    swipes = []
    for n, (number, door) in enumerate(doors.PEOPLE_IN):
        for after_s, name in ((0, doors.GATE), (60, door)):
            at = began + timedelta(seconds=after_s + n)
            swipes.append(ReadBadge(controller.id, f"seed:{number}:{name}", number, name, "in", True, at, tx.now))
    await badge_log.store(tx, tenant_id, site.id, swipes)


async def _device(tx: Tx, site_id: UUID, zone_id: UUID, demo: DemoDevice) -> None:
    draft = DeviceDraft(site_id, demo.slug, demo.name, demo.secret)
    device = (await instruments.create_device(tx, None, draft)).device
    sensors = {}
    for s in demo.sensors:
        made = await instruments.create_sensor(
            tx,
            None,
            SensorDraft(device.id, zone_id, s.series, s.name, s.quantity, s.unit, s.stale_after_s, s.agent),
        )
        sensors[s.series] = made.id
        if s.agent is not None:
            variant = _VIBRATION_VARIANT if s.agent == "vibration" else ""
            await rule_service.apply_library(tx, None, made.id, variant=variant)
    for actuator in demo.actuators:
        await instruments.create_actuator(tx, None, _actuator(device.id, zone_id, actuator, sensors))


def _actuator(device_id: UUID, zone_id: UUID, it: DemoActuator, sensors: dict[str, UUID]) -> ActuatorDraft:
    feedback = sensors[it.feedback_series] if it.feedback_series else None
    return ActuatorDraft(device_id, zone_id, it.slug, it.name, it.kind, it.expected, it.deadline_s, feedback)
