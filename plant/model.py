"""The plant's nouns: sites, zones, devices, sensors, actuators, commands, leases, readings.

Field names are column names. Ids are UUIDv7; times are aware UTC; units are UCUM codes.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

import msgspec

from mobile_contract.text import Text


class Site(msgspec.Struct, frozen=True):
    """One place with a fence around it; its devices are served by one gateway at a time."""

    tenant_id: UUID
    id: UUID
    slug: str
    name: Text
    tz: str
    version: int
    created_at: datetime


class Building(msgspec.Struct, frozen=True):
    """A building of a site."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    slug: str
    name: Text
    version: int
    created_at: datetime


class Zone(msgspec.Struct, frozen=True):
    """An area of one level. ``polygon``: GeoJSON Polygon, WGS 84; ``risk``: 0 none to 3 high;
    ``agents``: substances kept or used here; ``adjoining``: ids of zones a hazard spreads to."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    building_id: UUID | None
    slug: str
    name: Text
    polygon: dict[str, Any]
    level: int
    risk: int
    agents: list[str]
    adjoining: list[UUID]
    version: int
    created_at: datetime


class Device(msgspec.Struct, frozen=True):
    """A box on the wire with its own login ``{tenant}/{site}/{slug}``. The secret's hash stays in its query."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    slug: str
    name: Text
    revoked_at: datetime | None
    version: int
    created_at: datetime


class DeviceState(msgspec.Struct, frozen=True):
    """What a device last said about itself; ``battery`` is a fraction 0..1."""

    tenant_id: UUID
    device_id: UUID
    online: bool
    at: datetime
    firmware: str | None
    battery: float | None
    updated_at: datetime


class Sensor(msgspec.Struct, frozen=True):
    """One series of a device. Silent for ``stale_after_s``: the series is stale, never normal.

    ``lon``, ``lat``, ``level``: where it stands in its zone; None, all three: somewhere in it.
    """

    tenant_id: UUID
    id: UUID
    site_id: UUID
    device_id: UUID
    zone_id: UUID
    series: str
    name: Text
    quantity: str
    unit: str
    agent: str | None
    calibration_due: date | None
    stale_after_s: float
    retired_at: datetime | None
    version: int
    created_at: datetime
    lon: float | None = None
    lat: float | None = None
    level: int | None = None


class ActuatorKind(StrEnum):
    """What an actuator is."""

    FAN = "fan"
    SIREN = "siren"
    BEACON = "beacon"
    VALVE = "valve"
    MACHINE_STOP = "machine_stop"


# Actions a kind of actuator understands; the wire's `commands` payload carries one of them.
ACTIONS: dict[ActuatorKind, tuple[str, ...]] = {
    ActuatorKind.FAN: ("start", "stop"),
    ActuatorKind.SIREN: ("sound", "silence"),
    ActuatorKind.BEACON: ("start", "stop"),
    ActuatorKind.VALVE: ("open", "close"),
    ActuatorKind.MACHINE_STOP: ("stop",),
}


class Expectation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What proves an action. ``state``: the device's feedback says so. ``at_least`` / ``at_most``: the feedback value,
    or the feedback sensor's reading where the actuator has one, lies in these bounds (in the unit of either)."""

    state: str | None = None
    at_least: float | None = None
    at_most: float | None = None


class Actuator(msgspec.Struct, frozen=True):
    """A thing Muster can move. ``expected``: action -> proof; no proof within ``deadline_s`` is an alarm.

    ``lon``, ``lat``, ``level``: where it stands in its zone; None, all three: somewhere in it.
    """

    tenant_id: UUID
    id: UUID
    site_id: UUID
    device_id: UUID
    zone_id: UUID
    slug: str
    name: Text
    kind: ActuatorKind
    feedback_sensor_id: UUID | None
    expected: dict[str, Expectation]
    deadline_s: float
    retired_at: datetime | None
    version: int
    created_at: datetime
    lon: float | None = None
    lat: float | None = None
    level: int | None = None


class CommandState(StrEnum):
    """requested -> sent -> confirmed | failed | timed_out; a drill's: requested -> held_back, and never on the wire."""

    REQUESTED = "requested"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    HELD_BACK = "held_back"


class Command(msgspec.Struct, frozen=True):
    """One wish for one actuator. ``key`` goes with every attempt, so a device acts once; ``requested_by`` None: Muster
    itself; ``inhibited``: a drill, held back at the outlet; ``feedback``: the proof or the failure."""

    tenant_id: UUID
    id: UUID
    key: str
    site_id: UUID
    actuator_id: UUID
    action: str
    reason: str
    requested_by: UUID | None
    incident_id: UUID | None
    inhibited: bool
    state: CommandState
    attempts: int
    requested_at: datetime
    sent_at: datetime | None
    deadline_at: datetime
    next_attempt_at: datetime | None
    ended_at: datetime | None
    feedback: dict[str, Any] | None


class Quality(IntEnum):
    """How far a reading can be trusted. LATE: observed long before it was received (a device that was cut off)."""

    GOOD = 0
    GAP = 1
    LATE = 2


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of one sensor; ``value`` None: the device has none, a gap and never normal."""

    sensor_id: UUID
    observed_at: datetime
    received_at: datetime
    value: float | None
    quality: int


class Point(msgspec.Struct, frozen=True):
    """A bucket of readings starting at ``at``; min, max and avg are None where only gaps arrived."""

    at: datetime
    min: float | None
    max: float | None
    avg: float | None
    count: int
    gaps: int


class Refusal(msgspec.Struct, frozen=True):
    """Refused payloads of one device for one reason; ``device`` '' for names Muster does not know."""

    tenant_id: UUID
    site_id: UUID
    device: str
    code: str
    count: int
    first_at: datetime
    last_at: datetime
    detail: str
    topic: str
    sample: bytes


class Lease(msgspec.Struct, frozen=True):
    """A gateway's hold on a site until ``expires_at``; ``fencing`` grows with every change of holder."""

    tenant_id: UUID
    site_id: UUID
    holder: str
    fencing: int
    expires_at: datetime
