"""Use cases of commands and readings. An actor of None is Muster itself."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from core import audit, outbox
from core.actor import Actor
from core.database import Tx
from core.errors import Conflict, Unavailable
from core.ids import new_id
from mobile_contract.devices import IngestAnswer
from plant import command_queries, commands, instrument_queries, intake_queries, queries, reading_queries
from plant.model import Command, Point, Reading, Refusal
from plant.permissions import PlantPermission, authorise, id_of
from plant.protocols import Series, read_samples
from plant.reading_series import MINUTE_S, align, choose_bucket_s
from plant.refusals import tally

COMMAND_REQUESTED = "command.requested"
COMMAND_CHANGED = "command.changed"
INBOX = "ingest.inbox"
# HTTP requests that wait for a site's gateway. A gateway takes hundreds a second; more waiting means none is there, and
# the device keeps its readings itself.
INBOX_MAX = 10_000
# A site's devices times the reasons there are; an answer never holds more.
REFUSALS_MAX = 500


async def request_command(
    tx: Tx,
    actor: Actor | None,
    actuator_id: UUID,
    action: str,
    reason: str,
    *,
    key: str,
    incident_id: UUID | None = None,
    inhibited: bool = False,
) -> Command:
    """Ask an actuator to do something; the site's gateway is woken at commit and sends it at once.

    The same ``key`` again is the same command. Live commands of the actuator that want something else are superseded.
    Raises NotFound, Invalid, Conflict (retired actuator, or the key was used for another command).
    """
    tenant_id = authorise(tx, actor, PlantPermission.COMMAND_ACTUATOR)
    actuator = await instrument_queries.get_actuator(tx, tenant_id, actuator_id)
    if actuator.retired_at is not None:
        raise Conflict(
            "actuator.retired",
            f"{actuator.slug} is out of use",
            f"执行器 {actuator.slug} 已停用",
            field="actuator_id",
            value=str(actuator_id),
        )
    command = commands.new_command(
        new_id(),
        actuator,
        action,
        reason,
        key,
        now=tx.now,
        requested_by=id_of(actor),
        incident_id=incident_id,
        inhibited=inhibited,
    )
    if not await command_queries.insert_command(tx, tenant_id, command):
        return _same(await command_queries.get_command_by_key(tx, tenant_id, key), command)
    await _supersede(tx, tenant_id, command)
    await outbox.append(tx, COMMAND_REQUESTED, command.id, {"actuator": str(actuator_id), "action": action})
    facts = {"actuator": str(actuator_id), "action": action, "reason": reason, "incident": incident_id}
    await audit.record(tx, id_of(actor), COMMAND_REQUESTED, "command", command.id, facts)
    return command


def _same(before: Command, wanted: Command) -> Command:
    if (before.actuator_id, before.action) != (wanted.actuator_id, wanted.action):
        raise Conflict(
            "command.key_used",
            "this key was used for another command",
            "此幂等键已用于另一命令",
            field="key",
            value=wanted.key,
        )
    return before


async def _supersede(tx: Tx, tenant_id: UUID, command: Command) -> None:
    live = await command_queries.lock_live_commands_of(tx, tenant_id, command.site_id, command.actuator_id)
    for other in live:
        if other.id != command.id and other.action != command.action:
            await command_queries.save_command(tx, tenant_id, commands.superseded(other, command.id, tx.now))
            await outbox.append(tx, COMMAND_CHANGED, other.id, {"superseded_by": str(command.id)})


async def find_device(tx: Tx, site_slug: str, device_slug: str) -> queries.DeviceLogin | None:
    """The login of a device that posts over HTTP: check its secret with core.device_secret.verify_secret."""
    assert tx.tenant_id is not None
    return await queries.find_device_login(tx, tx.tenant_id, site_slug, device_slug)


async def ingest(tx: Tx, device_id: UUID, payload: bytes) -> IngestAnswer:
    """Take a ``readings`` payload over HTTP: the same bytes, checks and refusals as over MQTT.

    What is accepted is kept for the site's gateway, which decides on it like on any reading, in milliseconds; the
    promise is made when this transaction commits. Raises NotFound, Unavailable when too much waits.
    """
    assert tx.tenant_id is not None
    device = await queries.get_device(tx, tx.tenant_id, device_id)
    sensors = await instrument_queries.list_device_sensors(tx, tx.tenant_id, device_id)
    series = {s.series: Series(s.id, s.unit) for s in sensors if s.retired_at is None}
    parsed = read_samples(payload, series, tx.now)
    if parsed.refused:
        counted = tally(tx.tenant_id, device.site_id, device.slug, parsed.refused, "POST /v1/readings", payload, tx.now)
        await intake_queries.count_refusals(tx, tx.tenant_id, counted)
    if parsed.readings:
        if await intake_queries.count_inbox(tx, tx.tenant_id, device.site_id) >= INBOX_MAX:
            raise Unavailable(
                "ingest.inbox_full", "no gateway takes this site's readings now", "当前没有网关接收该站点的读数",
                limit=INBOX_MAX, retry_after_s=5.0,
            )  # fmt: skip
        await intake_queries.insert_inbox(tx, tx.tenant_id, new_id(), device.site_id, parsed.readings, tx.now)
        await outbox.wake(tx, INBOX, device.site_id)
    return IngestAnswer(len(parsed.readings), parsed.refused, parsed.seq)


class ReadingSeries(msgspec.Struct, frozen=True):
    """Buckets of ``bucket_s`` seconds, oldest first; a bucket without readings is absent, not zero."""

    sensor_id: UUID
    unit: str
    bucket_s: int
    points: list[Point]


async def query_readings(
    tx: Tx, actor: Actor | None, sensor_id: UUID, start: datetime, end: datetime, points: int
) -> ReadingSeries:
    """A sensor's readings in [start, end), down-sampled to at most ``points`` buckets (min, max, avg of each).

    From one-minute buckets upwards the rollup answers, and the raw readings where it has not come yet. Raises NotFound,
    Invalid.
    """
    tenant_id = authorise(tx, actor, PlantPermission.READ_READINGS)
    sensor = await instrument_queries.get_sensor(tx, tenant_id, sensor_id)
    bucket_s = choose_bucket_s(start, end, points)
    first = align(start, bucket_s)
    if bucket_s < MINUTE_S:
        found = await reading_queries.list_buckets(tx, tenant_id, sensor_id, first, end, bucket_s, by_minute=False)
        return ReadingSeries(sensor_id, sensor.unit, bucket_s, found)
    rolled = await reading_queries.find_rolled_until(tx, tenant_id, sensor.site_id) or first
    # Whole buckets from the rollup; the bucket that is still filling, and later ones, from the raw readings.
    border = min(max(align(rolled, bucket_s), first), end)
    found = await reading_queries.list_buckets(tx, tenant_id, sensor_id, first, border, bucket_s, by_minute=True)
    found += await reading_queries.list_buckets(tx, tenant_id, sensor_id, border, end, bucket_s, by_minute=False)
    return ReadingSeries(sensor_id, sensor.unit, bucket_s, found)


async def list_readings(
    tx: Tx, actor: Actor | None, sensor_id: UUID, start: datetime, end: datetime, limit: int
) -> list[Reading]:
    """Readings as they came, oldest first, at most ``limit``; raises NotFound."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_READINGS)
    await instrument_queries.get_sensor(tx, tenant_id, sensor_id)
    return await reading_queries.list_readings(tx, tenant_id, sensor_id, start, end, limit)


async def list_refusals(tx: Tx, actor: Actor | None, site_id: UUID | None = None) -> list[Refusal]:
    """What devices sent and was refused, last seen first."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_REFUSALS)
    return await intake_queries.list_refusals(tx, tenant_id, site_id, REFUSALS_MAX)
