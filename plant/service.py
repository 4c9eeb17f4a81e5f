"""Use cases of commands and readings. An actor of None is Muster itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from core import audit, outbox
from core.actor import Actor
from core.database import Tx
from core.errors import Conflict, Unavailable
from core.ids import new_id
from mobile_contract.devices import IngestAnswer, SampleRefusal
from plant import command_queries, commands, instrument_queries, intake_queries, queries, reading_queries
from plant.intake_queries import RefusalPlace
from plant.model import Command, CommandState, Point, Reading, Refusal
from plant.permissions import PlantPermission, authorise, id_of
from plant.protocols import REVOKED_DEVICE, UNKNOWN_DEVICE, Series, read_samples
from plant.reading_series import MINUTE_S, align, check_range, choose_bucket_s, whole_minutes
from plant.refusals import tally

COMMAND_REQUESTED = "command.requested"
COMMAND_CHANGED = "command.changed"
INBOX = "ingest.inbox"
# HTTP requests that wait for a site's gateway. A gateway takes hundreds a second; more waiting means none is there, and
# the device keeps its readings itself.
INBOX_MAX = 10_000
# Where refusals of HTTP readings say they came from.
HTTP_TOPIC = "POST /v1/readings"
WRONG_SECRET = "wrong_secret"  # noqa: S105
_NEWEST = datetime(9999, 1, 1, tzinfo=UTC), command_queries.LAST_ID


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
    on_superseded: Callable[[Command], Awaitable[None]] | None = None,
) -> Command:
    """Ask an actuator to do something; the site's gateway is woken at commit and sends it at once.

    The same ``key`` again is the same command. Live commands of the actuator that want something else are superseded,
    and ``on_superseded`` gets each. Raises NotFound, Invalid, Conflict (retired actuator, or the key was used for
    another command).
    """
    tenant_id = authorise(tx, actor, PlantPermission.COMMAND_ACTUATOR)
    # Locked: of two opposite requests at once the second must see the first, or both go on being sent.
    actuator = await instrument_queries.get_actuator(tx, tenant_id, actuator_id, lock=True)
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
    for other in await _supersede(tx, tenant_id, command):
        if on_superseded is not None:
            await on_superseded(other)
    await outbox.append(tx, COMMAND_REQUESTED, command.id, {"actuator": str(actuator_id), "action": action})
    facts = {"actuator": str(actuator_id), "action": action, "reason": reason, "incident": incident_id}
    await audit.record(tx, id_of(actor), COMMAND_REQUESTED, "command", command.id, facts)
    return command


async def get_command(tx: Tx, actor: Actor | None, command_id: UUID) -> Command:
    """One command; raises NotFound."""
    return await command_queries.get_command(tx, authorise(tx, actor, PlantPermission.READ_COMMANDS), command_id)


async def list_commands(
    tx: Tx,
    actor: Actor | None,
    *,
    before: tuple[datetime, UUID] | None = None,
    site_id: UUID | None = None,
    actuator_id: UUID | None = None,
    incident_id: UUID | None = None,
    state: CommandState | None = None,
    limit: int,
) -> list[Command]:
    """A page of commands, newest first, below the (requested_at, id) ``before``."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_COMMANDS)
    at, last_id = before or _NEWEST
    return await command_queries.list_commands(
        tx,
        tenant_id,
        before=at,
        before_id=last_id,
        incident_id=incident_id,
        actuator_id=actuator_id,
        site_id=site_id,
        state=state,
        limit=limit,
    )


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


async def _supersede(tx: Tx, tenant_id: UUID, command: Command) -> list[Command]:
    ended = []
    live = await command_queries.lock_live_commands_of(tx, tenant_id, command.site_id, command.actuator_id)
    for other in live:
        # A drill may not call off what is meant.
        if command.inhibited and not other.inhibited:
            continue
        if other.id != command.id and other.action != command.action:
            ended.append(commands.superseded(other, command.id, tx.now))
            await command_queries.save_command(tx, tenant_id, ended[-1])
            await outbox.append(tx, COMMAND_CHANGED, other.id, {"superseded_by": str(command.id)})
    return ended


async def find_device(tx: Tx, site_slug: str, device_slug: str) -> queries.DeviceLogin | None:
    """The login of a device that posts over HTTP: check its secret with core.device_secret.verify_secret."""
    assert tx.tenant_id is not None
    return await queries.find_device_login(tx, tx.tenant_id, site_slug, device_slug)


async def count_refused_login(tx: Tx, site_slug: str, device_slug: str) -> None:
    """Show an admin that somebody was not let in as this device, and why; nothing where there is no such site."""
    assert tx.tenant_id is not None
    site = await queries.find_site(tx, tx.tenant_id, site_slug)
    if site is None:
        return
    device = await queries.find_device(tx, tx.tenant_id, site.id, device_slug)
    if device is None:
        why = SampleRefusal(-1, UNKNOWN_DEVICE, f"no device {device_slug!r}")
    elif device.revoked_at is not None:
        why = SampleRefusal(-1, REVOKED_DEVICE, "the device's login is revoked")
    else:
        why = SampleRefusal(-1, WRONG_SECRET, "the secret is not the device's")
    name = "" if device is None else device.slug
    counted = tally(tx.tenant_id, site.id, name, [why], HTTP_TOPIC, b"", tx.now)
    await intake_queries.count_refusals(tx, tx.tenant_id, counted)


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
        counted = tally(tx.tenant_id, device.site_id, device.slug, parsed.refused, HTTP_TOPIC, payload, tx.now)
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
    """A sensor's readings in [start, end), down-sampled to ``points`` whole buckets (min, max, avg of each) at most.

    Buckets begin at whole multiples since the epoch, so the first one begins at or before ``start``: one more then.
    From one-minute buckets upwards the rollup answers, and the raw readings where it has not come yet; ``end`` is then
    the end of its minute. Raises NotFound, Invalid.
    """
    tenant_id = authorise(tx, actor, PlantPermission.READ_READINGS)
    sensor = await instrument_queries.get_sensor(tx, tenant_id, sensor_id)
    bucket_s = choose_bucket_s(start, end, points)
    first = align(start, bucket_s)
    if bucket_s < MINUTE_S:
        found = await reading_queries.list_buckets(tx, tenant_id, sensor_id, first, end, bucket_s, by_minute=False)
        return ReadingSeries(sensor_id, sensor.unit, bucket_s, found)
    end = whole_minutes(end)
    rolled = await reading_queries.find_rolled_until(tx, tenant_id, sensor.site_id) or first
    # Whole buckets from the rollup; the bucket that is still filling, and later ones, from the raw readings.
    border = min(max(align(rolled, bucket_s), first), end)
    found = await reading_queries.list_buckets(tx, tenant_id, sensor_id, first, border, bucket_s, by_minute=True)
    found += await reading_queries.list_buckets(tx, tenant_id, sensor_id, border, end, bucket_s, by_minute=False)
    return ReadingSeries(sensor_id, sensor.unit, bucket_s, found)


async def list_readings(
    tx: Tx, actor: Actor | None, sensor_id: UUID, start: datetime, end: datetime, limit: int
) -> list[Reading]:
    """Readings as they came in [start, end), oldest first, at most ``limit``; raises NotFound, Invalid."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_READINGS)
    check_range(start, end)
    await instrument_queries.get_sensor(tx, tenant_id, sensor_id)
    return await reading_queries.list_readings(tx, tenant_id, sensor_id, start, end, limit)


async def list_refusals(
    tx: Tx, actor: Actor | None, site_id: UUID | None = None, *, after: RefusalPlace | None = None, limit: int
) -> list[Refusal]:
    """A page of what devices sent and was refused, last seen first."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_REFUSALS)
    return await intake_queries.list_refusals(tx, tenant_id, site_id, limit, after=after)
