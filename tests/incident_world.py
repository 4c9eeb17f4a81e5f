"""A small plant with one open incident and its room, written straight into the tables."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx
from core.ids import new_id
from incidents import queries, rooms, views
from incidents.alarms.model import AlarmState, LimitSource
from incidents.incident import Alarm, Incident, Task
from incidents.wayfinding import guide, route_queries
from incidents.wayfinding.model import RouteRow
from mobile_contract.room_events import AlarmJoined, IncidentOpened
from mobile_contract.room_views import Step
from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteStep, RouteView
from people.actor import Actor
from people.permissions import Role

NAME = {"zh": "名", "en": "name"}
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [0.001, 0], [0.001, 0.001], [0, 0]]]}


class World(msgspec.Struct, frozen=True):
    """Ids of what stands in the database."""

    tenant_id: UUID
    site_id: UUID
    zone_id: UUID
    actuator_id: UUID
    rule_id: UUID
    incident_id: UUID
    alarm_id: UUID
    room_id: UUID
    wang: UUID
    li: UUID

    def actor(self, account_id: UUID, role: Role = Role.RESPONDER) -> Actor:
        """A signed-in person of this tenant."""
        return Actor(self.tenant_id, account_id, role, None)


async def build(tx: Tx) -> World:
    """Everything up to an incident with one alarm and a room whose member is wang."""
    assert tx.tenant_id is not None
    tenant_id, site_id, zone_id = tx.tenant_id, new_id(), new_id()
    actuator_id = await _plant(tx, tenant_id, site_id, zone_id)
    wang = await add_account(tx, "wang")
    li = await add_account(tx, "li")
    rule_id = await _rule(tx, tenant_id, site_id, actuator_id)
    incident, alarm = _incident(tx, tenant_id, site_id, zone_id, rule_id, actuator_id)
    await queries.insert_incident(tx, tenant_id, incident)
    await queries.insert_alarm(tx, tenant_id, alarm)
    room_id = await rooms.open_room(tx, tenant_id, incident.id, [wang])
    await rooms.append(tx, tenant_id, room_id, IncidentOpened(views.incident_view(incident)))
    await rooms.append(tx, tenant_id, room_id, AlarmJoined(views.alarm_view(alarm)))
    return World(tenant_id, site_id, zone_id, actuator_id, rule_id, incident.id, alarm.id, room_id, wang, li)


async def open_other(tx: Tx, world: World) -> UUID:
    """Another incident of the site, with an alarm and a room whose member is li."""
    rule_id = await _rule(tx, world.tenant_id, world.site_id, world.actuator_id, level=2)
    ids = (world.tenant_id, world.site_id, world.zone_id, rule_id, world.actuator_id)
    incident, alarm = _incident(tx, *ids)
    number = await queries.insert_incident(tx, world.tenant_id, incident)
    await queries.insert_alarm(tx, world.tenant_id, alarm)
    room_id = await rooms.open_room(tx, world.tenant_id, incident.id, [world.li])
    opened = msgspec.structs.replace(incident, number=number)
    await rooms.append(tx, world.tenant_id, room_id, IncidentOpened(views.incident_view(opened)))
    await rooms.append(tx, world.tenant_id, room_id, AlarmJoined(views.alarm_view(alarm)))
    return incident.id


async def stand(tx: Tx, world: World, *, latched: bool = False) -> None:
    """Let the rule's state say what the alarm's row says: active, nobody has acknowledged it."""
    state = AlarmState(condition="active", acknowledged=False, latched=latched, annunciated=True, episode=1)
    await tx.execute(
        "INSERT INTO alarm_states (tenant_id, rule_id, state, letter, episode_id, updated_at)"
        " VALUES ($1, $2, $3, 'B', $4, $5)",
        world.tenant_id,
        world.rule_id,
        state,
        world.alarm_id,
        tx.now,
    )


async def add_account(tx: Tx, login: str, role: str = "responder") -> UUID:
    """A person."""
    account_id = new_id()
    await tx.execute(
        "INSERT INTO accounts (tenant_id, id, login, display_name, locale, role, password_hash, created_at)"
        " VALUES ($1, $2, $3, $3, 'en', $4, 'x', $5)",
        tx.tenant_id,
        account_id,
        login,
        role,
        tx.now,
    )
    return account_id


async def add_task(tx: Tx, world: World, owner: UUID | None) -> Task:
    """A task of the incident; its event is the caller's."""
    task = Task(
        tenant_id=world.tenant_id,
        id=new_id(),
        incident_id=world.incident_id,
        position=1,
        role="responder",
        title=Text("打开排风", "Open the vents"),
        steps=[Step(1, Text("去现场", "Go there")), Step(2, Text("打开", "Open them"))],
        plan_template="solvent",
        plan_version=1,
        owner_account_id=owner,
        state="open",
        fencing=1,
        deadline_at=tx.now + timedelta(minutes=2),
        created_at=tx.now,
    )
    await queries.insert_task(tx, world.tenant_id, task)
    return task


async def add_route(tx: Tx, world: World) -> RouteRow:
    """Wang's way to a task of theirs, three metres straight on; the room hears of it."""
    task = await add_task(tx, world, world.wang)
    line = {"type": "LineString", "coordinates": [[0.0, 0.0], [0.00003, 0.0]]}
    step = RouteStep(
        n=1,
        kind="start",
        level=0,
        text=Text("直行", "Go straight on"),
        short=Text("直行", "Straight"),
        spoken=Text("直行", "Go straight on"),
        code="S",
        vibration_ms=[200],
        distance_m=3.0,
        millis=3_000,
        line=line,
    )
    view = RouteView(
        id=new_id(),
        incident=world.incident_id,
        account=world.wang,
        purpose="task",
        state="safe",
        revision=1,
        cause="given",
        target=Text("库房", "Store"),
        computed_at=tx.now,
        task=task.id,
        steps=[step],
        step=1,
    )
    row = RouteRow(
        tenant_id=world.tenant_id,
        id=view.id,
        site_id=world.site_id,
        incident_id=world.incident_id,
        account_id=world.wang,
        purpose="task",
        task_id=task.id,
        roll_call_id=None,
        revision=1,
        state="safe",
        view=view,
        way=None,
        progress=None,
        fix=None,
        started_at=tx.now,
        computed_at=tx.now,
    )
    assert await route_queries.insert_route(tx, row)
    await guide.announce(tx, row)
    return row


async def add_command(tx: Tx, world: World, state: str = "requested") -> UUID:
    """A command of the incident."""
    command_id = new_id()
    await tx.execute(
        "INSERT INTO commands (tenant_id, id, key, site_id, actuator_id, action, reason, incident_id, state,"
        " requested_at, deadline_at, ended_at) VALUES ($1, $2, $3, $4, $5, 'start', 'leak', $6, $7, $8, $8, $9)",
        world.tenant_id,
        command_id,
        str(command_id),
        world.site_id,
        world.actuator_id,
        world.incident_id,
        state,
        tx.now,
        None if state in ("requested", "sent") else tx.now,
    )
    return command_id


async def _plant(tx: Tx, tenant_id: UUID, site_id: UUID, zone_id: UUID) -> UUID:
    device_id, actuator_id = new_id(), new_id()
    statements: list[tuple[str, list[Any]]] = [
        (
            "INSERT INTO sites (tenant_id, id, slug, name, tz, created_at) VALUES ($1, $2, 'north', $3, 'UTC', $4)",
            [tenant_id, site_id, NAME, tx.now],
        ),
        (
            "INSERT INTO zones (tenant_id, id, site_id, slug, name, polygon, level, risk, created_at)"
            " VALUES ($1, $2, $3, 'store', $4, $5, 0, 2, $6)",
            [tenant_id, zone_id, site_id, NAME, SQUARE, tx.now],
        ),
        (
            "INSERT INTO devices (tenant_id, id, site_id, slug, name, secret_hash, created_at)"
            " VALUES ($1, $2, $3, 'box-1', $4, 'x', $5)",
            [tenant_id, device_id, site_id, NAME, tx.now],
        ),
        (
            "INSERT INTO actuators (tenant_id, id, site_id, device_id, zone_id, slug, name, kind, expected, deadline_s,"
            " created_at) VALUES ($1, $2, $3, $4, $5, 'fan-1', $6, 'fan', $7, 5, $8)",
            [tenant_id, actuator_id, site_id, device_id, zone_id, NAME, {}, tx.now],
        ),
    ]
    for sql, args in statements:
        await tx.execute(sql, *args)
    return actuator_id


async def _rule(tx: Tx, tenant_id: UUID, site_id: UUID, actuator_id: UUID, level: int = 1) -> UUID:
    rule_id = new_id()
    await tx.execute(
        "INSERT INTO alarm_rules (tenant_id, id, site_id, actuator_id, kind, level, unit, deadband, on_delay_s,"
        " off_delay_s, latching, toxic, source, created_at)"
        " VALUES ($1, $2, $3, $4, 'no_effect', $7, '1', 0, 0, 0, false, false, $5, $6)",
        tenant_id,
        rule_id,
        site_id,
        actuator_id,
        LimitSource("CN", "2019", "GB/T 50493"),
        tx.now,
        level,
    )
    return rule_id


def new_alarm(tx: Tx, world_ids: tuple[UUID, UUID, UUID, UUID, UUID, UUID], episode: int) -> Alarm:
    """An active alarm; ids are tenant, site, zone, rule, actuator, incident."""
    tenant_id, site_id, zone_id, rule_id, actuator_id, incident_id = world_ids
    return Alarm(
        tenant_id=tenant_id,
        id=new_id(),
        rule_id=rule_id,
        episode=episode,
        incident_id=incident_id,
        first_out=episode == 1,
        site_id=site_id,
        zone_id=zone_id,
        sensor_id=None,
        actuator_id=actuator_id,
        kind="no_effect",
        level=1,
        letter="B",
        title=Text("丙酮", "Acetone"),
        value=6300.5,
        unit="[ppm]",
        set_point=6250.0,
        raised_at=tx.now,
    )


def _incident(
    tx: Tx, tenant_id: UUID, site_id: UUID, zone_id: UUID, rule_id: UUID, actuator_id: UUID
) -> tuple[Incident, Alarm]:
    incident_id = new_id()
    alarm = new_alarm(tx, (tenant_id, site_id, zone_id, rule_id, actuator_id, incident_id), 1)
    incident = Incident(
        tenant_id=tenant_id,
        id=incident_id,
        number=1,
        site_id=site_id,
        zone_id=zone_id,
        state="open",
        grade=3,
        reasons=[Text("一级报警", "First-level alarm")],
        title=Text("丙酮泄漏", "Acetone leak"),
        place=Text("溶剂库", "Solvent store"),
        agent="acetone",
        plan={"template": "solvent", "version": 1},
        first_out_alarm_id=alarm.id,
        opened_at=tx.now,
        last_alarm_at=tx.now,
    )
    return incident, alarm
