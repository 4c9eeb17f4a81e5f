"""Use cases of devices, sensors and actuators. An actor of None is Muster itself (seeding)."""

from __future__ import annotations

import math
import secrets
from datetime import date
from typing import TypeVar
from uuid import UUID

import msgspec

from core.actor import Actor
from core.database import Tx
from core.device_secret import hash_secret
from core.errors import Conflict, Invalid
from core.ids import new_id
from mobile_contract.text import Text
from plant import instrument_queries, queries
from plant.model import ACTIONS, Actuator, ActuatorKind, Device, Expectation, Sensor
from plant.permissions import PlantPermission, authorise
from plant.place_service import apply, check_name, check_same_site, check_slug, check_version, note, unless_taken
from plant.standing import Place, check_place

T = TypeVar("T", Sensor, Actuator)
SECRET_BYTES = 24
# A day: slower than that is a logbook, not a sensor.
STALE_MAX_S = 86_400.0
# Longer than this and nobody waits for the proof.
DEADLINE_MAX_S = 600.0
UNIT_MAX = 32
QUANTITY_MAX = 64
# What a device's feedback can say (mobile_contract.devices.FeedbackMessage): a longer state is never seen.
STATE_MAX = 32


class DeviceDraft(msgspec.Struct, frozen=True):
    """A new device; ``secret`` is chosen by Muster unless given (the demo's is)."""

    site_id: UUID
    slug: str
    name: Text
    secret: str | None = None


class NewDevice(msgspec.Struct, frozen=True):
    """A device and its secret in the clear: shown once, stored nowhere."""

    device: Device
    secret: str


class DeviceChange(msgspec.Struct, frozen=True):
    """What is UNSET stays."""

    name: Text | msgspec.UnsetType = msgspec.UNSET


class SensorDraft(msgspec.Struct, frozen=True):
    """A new sensor; ``unit`` is a UCUM code and final. ``level`` None: its zone's, where it has a position."""

    device_id: UUID
    zone_id: UUID
    series: str
    name: Text
    quantity: str
    unit: str
    stale_after_s: float
    agent: str | None = None
    calibration_due: date | None = None
    position: Place | None = None
    level: int | None = None


class SensorChange(msgspec.Struct, frozen=True):
    """What is UNSET stays; ``retired`` takes the sensor out of use or back in."""

    zone_id: UUID | msgspec.UnsetType = msgspec.UNSET
    name: Text | msgspec.UnsetType = msgspec.UNSET
    agent: str | msgspec.UnsetType | None = msgspec.UNSET
    calibration_due: date | msgspec.UnsetType | None = msgspec.UNSET
    stale_after_s: float | msgspec.UnsetType = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET
    position: Place | msgspec.UnsetType | None = msgspec.UNSET
    level: int | msgspec.UnsetType = msgspec.UNSET


class ActuatorDraft(msgspec.Struct, frozen=True):
    """A new actuator; ``expected``: for each action it shall do, what proves it; ``level`` as of a sensor."""

    device_id: UUID
    zone_id: UUID
    slug: str
    name: Text
    kind: ActuatorKind
    expected: dict[str, Expectation]
    deadline_s: float
    feedback_sensor_id: UUID | None = None
    position: Place | None = None
    level: int | None = None


class ActuatorChange(msgspec.Struct, frozen=True):
    """What is UNSET stays; ``retired`` takes the actuator out of use or back in."""

    zone_id: UUID | msgspec.UnsetType = msgspec.UNSET
    name: Text | msgspec.UnsetType = msgspec.UNSET
    expected: dict[str, Expectation] | msgspec.UnsetType = msgspec.UNSET
    deadline_s: float | msgspec.UnsetType = msgspec.UNSET
    feedback_sensor_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET
    position: Place | msgspec.UnsetType | None = msgspec.UNSET
    level: int | msgspec.UnsetType = msgspec.UNSET


async def create_device(tx: Tx, actor: Actor | None, draft: DeviceDraft) -> NewDevice:
    """Raises NotFound for the site, Conflict when the slug is taken."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    await queries.get_site(tx, tenant_id, draft.site_id)
    check_slug(draft.slug)
    check_name(draft.name)
    secret = draft.secret or secrets.token_urlsafe(SECRET_BYTES)
    device = Device(tenant_id, new_id(), draft.site_id, draft.slug, draft.name, None, 1, tx.now)
    await unless_taken(queries.insert_device(tx, tenant_id, device, hash_secret(secret)), "device", device.slug)
    await note(tx, actor, "device.created", "device", device.id, device.site_id, _without_secret(draft))
    return NewDevice(device, secret)


async def edit_device(
    tx: Tx, actor: Actor | None, device_id: UUID, change: DeviceChange, *, expected_version: int | None
) -> Device:
    """Raises NotFound, Conflict version.changed."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    device = await queries.get_device(tx, tenant_id, device_id, lock=True)
    check_version(device.version, expected_version)
    device = apply(device, change)
    check_name(device.name)
    await queries.update_device(tx, tenant_id, device)
    await note(tx, actor, "device.edited", "device", device.id, device.site_id, change)
    return device


async def renew_device_secret(tx: Tx, actor: Actor | None, device_id: UUID) -> NewDevice:
    """A new secret, which also lets a revoked device in again; the old one is worthless at once. Raises NotFound."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    device = await queries.get_device(tx, tenant_id, device_id, lock=True)
    device = msgspec.structs.replace(device, revoked_at=None, version=device.version + 1)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    await queries.update_device(tx, tenant_id, device, hash_secret(secret))
    await note(tx, actor, "device.secret_renewed", "device", device.id, device.site_id, DeviceChange())
    return NewDevice(device, secret)


async def revoke_device(tx: Tx, actor: Actor | None, device_id: UUID) -> Device:
    """Shut a device out; doing it twice is one fact. Raises NotFound."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    device = await queries.get_device(tx, tenant_id, device_id, lock=True)
    if device.revoked_at is not None:
        return device
    device = msgspec.structs.replace(device, revoked_at=tx.now, version=device.version + 1)
    await queries.update_device(tx, tenant_id, device)
    await note(tx, actor, "device.revoked", "device", device.id, device.site_id, DeviceChange())
    return device


async def create_sensor(tx: Tx, actor: Actor | None, draft: SensorDraft) -> Sensor:
    """Raises NotFound for device or zone, Conflict when the device has the series, Invalid."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    device = await queries.get_device(tx, tenant_id, draft.device_id)
    sensor = Sensor(
        tenant_id=tenant_id,
        id=new_id(),
        site_id=device.site_id,
        device_id=device.id,
        zone_id=draft.zone_id,
        series=draft.series,
        name=draft.name,
        quantity=draft.quantity,
        unit=draft.unit,
        agent=draft.agent,
        calibration_due=draft.calibration_due,
        stale_after_s=draft.stale_after_s,
        retired_at=None,
        version=1,
        created_at=tx.now,
    )
    sensor = await _placed(tx, tenant_id, sensor, draft.position, draft.level)
    await _check_sensor(tx, tenant_id, sensor)
    await unless_taken(instrument_queries.insert_sensor(tx, tenant_id, sensor), "sensor", sensor.series)
    await note(tx, actor, "sensor.created", "sensor", sensor.id, sensor.site_id, draft)
    return sensor


async def edit_sensor(
    tx: Tx, actor: Actor | None, sensor_id: UUID, change: SensorChange, *, expected_version: int | None
) -> Sensor:
    """Raises NotFound, Conflict version.changed, Invalid."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    sensor = await instrument_queries.get_sensor(tx, tenant_id, sensor_id, lock=True)
    check_version(sensor.version, expected_version)
    retired_at = sensor.retired_at
    if change.retired is not msgspec.UNSET:
        retired_at = (retired_at or tx.now) if change.retired else None
    sensor = msgspec.structs.replace(apply(sensor, change), retired_at=retired_at)
    sensor = await _placed(tx, tenant_id, sensor, change.position, change.level)
    await _check_sensor(tx, tenant_id, sensor)
    if sensor.retired_at is not None:
        await _check_proves_nothing(tx, tenant_id, sensor)
    await instrument_queries.update_sensor(tx, tenant_id, sensor)
    await note(tx, actor, "sensor.edited", "sensor", sensor.id, sensor.site_id, change)
    return sensor


async def create_actuator(tx: Tx, actor: Actor | None, draft: ActuatorDraft) -> Actuator:
    """Raises NotFound for device, zone or feedback sensor, Conflict when the slug is taken, Invalid."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    device = await queries.get_device(tx, tenant_id, draft.device_id)
    actuator = Actuator(
        tenant_id=tenant_id,
        id=new_id(),
        site_id=device.site_id,
        device_id=device.id,
        zone_id=draft.zone_id,
        slug=draft.slug,
        name=draft.name,
        kind=draft.kind,
        feedback_sensor_id=draft.feedback_sensor_id,
        expected=draft.expected,
        deadline_s=draft.deadline_s,
        retired_at=None,
        version=1,
        created_at=tx.now,
    )
    actuator = await _placed(tx, tenant_id, actuator, draft.position, draft.level)
    await _check_actuator(tx, tenant_id, actuator)
    await unless_taken(instrument_queries.insert_actuator(tx, tenant_id, actuator), "actuator", actuator.slug)
    await note(tx, actor, "actuator.created", "actuator", actuator.id, actuator.site_id, draft)
    return actuator


async def edit_actuator(
    tx: Tx, actor: Actor | None, actuator_id: UUID, change: ActuatorChange, *, expected_version: int | None
) -> Actuator:
    """Raises NotFound, Conflict version.changed, Invalid."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    actuator = await instrument_queries.get_actuator(tx, tenant_id, actuator_id, lock=True)
    check_version(actuator.version, expected_version)
    retired_at = actuator.retired_at
    if change.retired is not msgspec.UNSET:
        retired_at = (retired_at or tx.now) if change.retired else None
    actuator = msgspec.structs.replace(apply(actuator, change), retired_at=retired_at)
    actuator = await _placed(tx, tenant_id, actuator, change.position, change.level)
    await _check_actuator(tx, tenant_id, actuator)
    await instrument_queries.update_actuator(tx, tenant_id, actuator)
    await note(tx, actor, "actuator.edited", "actuator", actuator.id, actuator.site_id, change)
    return actuator


async def _placed(
    tx: Tx,
    tenant_id: UUID,
    it: T,
    position: Place | msgspec.UnsetType | None,
    level: int | msgspec.UnsetType | None,
) -> T:
    """The instrument where it stands now, in its zone; without a level it is its zone's. Raises Invalid."""
    if position is None or (position is msgspec.UNSET and it.lon is None):
        return msgspec.structs.replace(it, lon=None, lat=None, level=None)
    if position is not msgspec.UNSET:
        it = msgspec.structs.replace(it, lon=position[0], lat=position[1])
    # Held, so that nobody redraws it meanwhile.
    zone = await queries.get_zone(tx, tenant_id, it.zone_id, lock=True)
    floor = zone.level if level is None or level is msgspec.UNSET else level
    if it.retired_at is None and it.lon is not None and it.lat is not None:
        check_place(zone.polygon, zone.level, (it.lon, it.lat), floor)
    return msgspec.structs.replace(it, level=floor)


async def _check_sensor(tx: Tx, tenant_id: UUID, sensor: Sensor) -> None:
    check_name(sensor.name)
    zone = await queries.get_zone(tx, tenant_id, sensor.zone_id)
    check_same_site("zone", zone.site_id, sensor.site_id)
    if not 1 <= len(sensor.series) <= 64 or "\0" in sensor.series:
        raise _invalid("sensor.series", "a series name has 1 to 64 characters", "series", sensor.series, 64)
    if not 1 <= len(sensor.unit) <= UNIT_MAX or not sensor.unit.isprintable() or " " in sensor.unit:
        raise _invalid("sensor.unit", "a unit is a UCUM code like mg/m3 or [ppm]", "unit", sensor.unit, UNIT_MAX)
    if not 1 <= len(sensor.quantity) <= QUANTITY_MAX or "\0" in sensor.quantity:
        raise _invalid("sensor.quantity", "a quantity is a short name", "quantity", sensor.quantity, QUANTITY_MAX)
    if sensor.agent is not None:
        check_slug(sensor.agent, "agent")
    if not math.isfinite(sensor.stale_after_s) or not 0 < sensor.stale_after_s <= STALE_MAX_S:
        raise _invalid(
            "sensor.stale_after", "silence is stale within a day", "stale_after_s", sensor.stale_after_s, STALE_MAX_S
        )


async def _check_proves_nothing(tx: Tx, tenant_id: UUID, sensor: Sensor) -> None:
    """An actuator in use would never prove itself again."""
    for actuator in await instrument_queries.list_actuators(tx, tenant_id, sensor.site_id):
        if actuator.feedback_sensor_id == sensor.id and actuator.retired_at is None:
            raise Conflict(
                "sensor.proves",
                f"sensor {sensor.series} is the feedback of {actuator.slug}",
                f"传感器 {sensor.series} 是执行器 {actuator.slug} 的反馈",
                field="retired",
                value=actuator.slug,
            )


async def _check_actuator(tx: Tx, tenant_id: UUID, actuator: Actuator) -> None:
    check_slug(actuator.slug)
    check_name(actuator.name)
    zone = await queries.get_zone(tx, tenant_id, actuator.zone_id)
    check_same_site("zone", zone.site_id, actuator.site_id)
    if actuator.feedback_sensor_id is not None:
        sensor = await instrument_queries.get_sensor(tx, tenant_id, actuator.feedback_sensor_id)
        check_same_site("feedback_sensor", sensor.site_id, actuator.site_id)
        if sensor.retired_at is not None and actuator.retired_at is None:
            raise Conflict(
                "sensor.retired",
                f"sensor {sensor.series} is out of use and proves nothing",
                f"传感器 {sensor.series} 已停用，无法作为反馈",
                field="feedback_sensor",
                value=str(sensor.id),
            )
    if not math.isfinite(actuator.deadline_s) or not 0 < actuator.deadline_s <= DEADLINE_MAX_S:
        raise _invalid(
            "actuator.deadline", "a proof comes within ten minutes", "deadline_s", actuator.deadline_s, DEADLINE_MAX_S
        )
    _check_expected(actuator)


def _check_expected(actuator: Actuator) -> None:
    """Every action has something that can prove it: without a condition a command would never be confirmed."""
    known = ACTIONS[actuator.kind]
    if not actuator.expected:
        raise _invalid("actuator.expected", "at least one action needs its proof", "expected", None, list(known))
    for action, proof in actuator.expected.items():
        if action not in known:
            raise _invalid(
                "actuator.action", f"a {actuator.kind.value} has no such action", "expected", action, list(known)
            )
        if proof.state is not None and (not 1 <= len(proof.state) <= STATE_MAX or "\0" in proof.state):
            raise _invalid(
                "actuator.proof", f"a state has 1 to {STATE_MAX} characters", f"expected.{action}", None, STATE_MAX
            )
        bounds = [bound for bound in (proof.at_least, proof.at_most) if bound is not None]
        if not all(math.isfinite(bound) for bound in bounds):
            raise _invalid("actuator.proof", "a bound is a finite number", f"expected.{action}", bounds, None)
        if len(bounds) == 2 and bounds[0] > bounds[1]:
            raise _invalid("actuator.proof", "at_least is above at_most", f"expected.{action}", bounds, None)
        if actuator.feedback_sensor_id is not None and not bounds:
            raise _invalid(
                "actuator.proof", "a feedback sensor proves by at_least or at_most", f"expected.{action}", None, None
            )
        if actuator.feedback_sensor_id is None and proof.state is None:
            raise _invalid("actuator.proof", "feedback proves by its state", f"expected.{action}", None, None)


def _without_secret(draft: DeviceDraft) -> DeviceDraft:
    return msgspec.structs.replace(draft, secret=None)


def _invalid(code: str, en: str, field: str, value: object, limit: object) -> Invalid:
    return Invalid(code, en, f"字段 {field} 无效：{en}", field=field, value=value, limit=limit)
