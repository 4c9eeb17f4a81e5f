"""The plant on the wire: places, devices, sensors, actuators, readings, refusals, commands.

Units are UCUM codes, geometry is GeoJSON in WGS 84, times are UTC. ``version`` of a view is also its ETag. Fields an
edit leaves out stay as they are.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.devices import Slug, UcumUnit
from mobile_contract.room_views import CommandView, TrustView
from mobile_contract.text import Text

Short: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
TimeZone: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64, description="An IANA time zone.")]
Level: TypeAlias = Annotated[int, msgspec.Meta(ge=-20, le=200, description="Floor; 0 is the ground.")]
Risk: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=3, description="0 none to 3 high.")]
Agents: TypeAlias = Annotated[list[Slug], msgspec.Meta(max_length=50, description="Substances kept or used here.")]
Position: TypeAlias = Annotated[list[float], msgspec.Meta(min_length=2, max_length=3)]
Ring: TypeAlias = Annotated[list[Position], msgspec.Meta(min_length=4, max_length=2000)]
Series: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
StaleAfter: TypeAlias = Annotated[
    float, msgspec.Meta(gt=0, le=86_400, description="Silent for so many seconds, the series is stale, never normal.")
]
Deadline: TypeAlias = Annotated[
    float, msgspec.Meta(gt=0, le=600, description="Seconds from the command to its proof; later is an alarm.")
]
ActuatorKindName: TypeAlias = Literal["fan", "siren", "beacon", "valve", "machine_stop"]
CommandStateName: TypeAlias = Literal["requested", "sent", "confirmed", "failed", "timed_out", "held_back"]


Degrees: TypeAlias = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Named(Text, frozen=True, forbid_unknown_fields=True):
    """A name to give, in both languages."""

    zh: Short
    en: Short


# Places.


class SiteView(msgspec.Struct, frozen=True):
    """A site: one place with a fence around it."""

    id: UUID
    slug: str
    name: Text
    tz: str
    version: int
    created_at: datetime


class NewSite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A site to create; the slug is part of every topic and final."""

    slug: Slug
    name: Named
    tz: TimeZone


class SiteEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a site."""

    name: Named | msgspec.UnsetType = msgspec.UNSET
    tz: TimeZone | msgspec.UnsetType = msgspec.UNSET


class BuildingView(msgspec.Struct, frozen=True):
    """A building of a site."""

    id: UUID
    site: UUID
    slug: str
    name: Text
    version: int
    created_at: datetime


class NewBuilding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A building to create."""

    site: UUID
    slug: Slug
    name: Named


class BuildingEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a building."""

    name: Named | msgspec.UnsetType = msgspec.UNSET


class ZonePolygon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A GeoJSON Polygon (RFC 7946): rings of [longitude, latitude], the first is the outline, each closed."""

    type: Literal["Polygon"]
    coordinates: Annotated[list[Ring], msgspec.Meta(min_length=1, max_length=100)]


class ZoneView(msgspec.Struct, frozen=True):
    """An area of one level; ``adjoining`` are the zones a hazard spreads to, computed from the polygons."""

    id: UUID
    site: UUID
    building: UUID | None
    slug: str
    name: Text
    polygon: dict[str, Any]
    level: int
    risk: int
    agents: list[str]
    adjoining: list[UUID]
    version: int
    created_at: datetime


class NewZone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A zone to draw."""

    site: UUID
    slug: Slug
    name: Named
    polygon: ZonePolygon
    level: Level = 0
    risk: Risk = 0
    agents: Agents = []
    building: UUID | None = None


class ZoneEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a zone; its neighbours follow from a new polygon or level.

    ``accept``: it is meant so that by the plan in force nobody gets out of what it covers now.
    """

    name: Named | msgspec.UnsetType = msgspec.UNSET
    polygon: ZonePolygon | msgspec.UnsetType = msgspec.UNSET
    level: Level | msgspec.UnsetType = msgspec.UNSET
    risk: Risk | msgspec.UnsetType = msgspec.UNSET
    agents: Agents | msgspec.UnsetType = msgspec.UNSET
    building: UUID | msgspec.UnsetType | None = msgspec.UNSET
    accept: bool | msgspec.UnsetType = msgspec.UNSET


# Devices on the wire.


class PlantDeviceView(msgspec.Struct, frozen=True):
    """A device on the wire. ``online``, ``battery`` (0..1) and ``firmware`` are what it said last, null when it never
    did; ``last_seen_at`` is when Muster last heard its state, or a reading of the last day."""

    id: UUID
    site: UUID
    slug: str
    login: str
    name: Text
    online: bool | None
    battery: float | None
    firmware: str | None
    last_seen_at: datetime | None
    revoked_at: datetime | None
    version: int
    created_at: datetime


class NewPlantDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device to create; Muster chooses its secret."""

    site: UUID
    slug: Slug
    name: Named


class PlantDeviceEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a device."""

    name: Named | msgspec.UnsetType = msgspec.UNSET


class PlantDeviceSecret(msgspec.Struct, frozen=True):
    """A device and its secret, for MQTT and for HTTP Basic. Muster keeps a hash alone: the secret is shown in the first
    answer and null in one repeated by its Idempotency-Key. When that first answer was lost, renew the secret."""

    device: PlantDeviceView
    secret: str | None


class NewDeviceCertificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate request (PKCS #10, PEM) whose common name is the device's login, signed by the device's own key:
    RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519."""

    csr: Annotated[str, msgspec.Meta(min_length=1, max_length=8192)]
    days: Annotated[int, msgspec.Meta(ge=1, le=1095)] = 365


class DeviceCertificateView(msgspec.Struct, frozen=True):
    """A device's certificate and that of the authority (PEM), by which the device knows the broker. ``expires_at`` may
    be earlier than was asked for: nothing outlives the authority."""

    certificate: str
    ca: str
    expires_at: datetime


# Sensors and actuators.


class InstrumentPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A GeoJSON Point in WGS 84: longitude, latitude. Latitude is within 89 degrees; what looks swapped is told so."""

    coordinates: tuple[Degrees, Degrees]
    type: Literal["Point"] = "Point"


class SensorView(msgspec.Struct, frozen=True):
    """One series of a device; ``retired_at`` set: out of use, its readings are refused."""

    id: UUID
    site: UUID
    device: UUID
    zone: UUID
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
    trust: TrustView
    position: InstrumentPlace | None
    level: int | None


class NewSensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sensor to create. Device, series, quantity and unit are final: another unit is another sensor.

    ``position``: where in its zone it stands; ``level`` null: its zone's.
    """

    device: UUID
    zone: UUID
    series: Series
    name: Named
    quantity: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    unit: UcumUnit
    stale_after_s: StaleAfter
    agent: Slug | None = None
    calibration_due: date | None = None
    position: InstrumentPlace | None = None
    level: Level | None = None


class SensorEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a sensor; ``retired`` takes it out of use or back in."""

    zone: UUID | msgspec.UnsetType = msgspec.UNSET
    name: Named | msgspec.UnsetType = msgspec.UNSET
    agent: Slug | msgspec.UnsetType | None = msgspec.UNSET
    calibration_due: date | msgspec.UnsetType | None = msgspec.UNSET
    stale_after_s: StaleAfter | msgspec.UnsetType = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET
    position: InstrumentPlace | msgspec.UnsetType | None = msgspec.UNSET
    level: Level | msgspec.UnsetType = msgspec.UNSET


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What proves an action: the ``state`` the device's feedback names; or bounds on the feedback's value, or on the
    feedback sensor's reading where there is one, in its unit."""

    state: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] | None = None
    at_least: float | None = None
    at_most: float | None = None


Proofs: TypeAlias = Annotated[
    dict[str, Proof], msgspec.Meta(min_length=1, max_length=8, description="Action to its proof.")
]


class ActuatorView(msgspec.Struct, frozen=True):
    """A thing Muster can move; a command without proof within ``deadline_s`` is an alarm."""

    id: UUID
    site: UUID
    device: UUID
    zone: UUID
    slug: str
    name: Text
    kind: ActuatorKindName
    feedback_sensor: UUID | None
    expected: dict[str, Proof]
    deadline_s: float
    retired_at: datetime | None
    version: int
    created_at: datetime
    position: InstrumentPlace | None
    level: int | None


class NewActuator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An actuator to create; ``expected`` names each action it shall do and what proves it."""

    device: UUID
    zone: UUID
    slug: Slug
    name: Named
    kind: ActuatorKindName
    expected: Proofs
    deadline_s: Deadline
    feedback_sensor: UUID | None = None
    position: InstrumentPlace | None = None
    level: Level | None = None


class ActuatorEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of an actuator; ``retired`` takes it out of use or back in."""

    zone: UUID | msgspec.UnsetType = msgspec.UNSET
    name: Named | msgspec.UnsetType = msgspec.UNSET
    expected: Proofs | msgspec.UnsetType = msgspec.UNSET
    deadline_s: Deadline | msgspec.UnsetType = msgspec.UNSET
    feedback_sensor: UUID | msgspec.UnsetType | None = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET
    position: InstrumentPlace | msgspec.UnsetType | None = msgspec.UNSET
    level: Level | msgspec.UnsetType = msgspec.UNSET


# Readings and what was refused of them.


class BucketView(msgspec.Struct, frozen=True):
    """Readings of one bucket that begins at ``at``; min, max and avg are null where only gaps arrived."""

    at: datetime
    min: float | None
    max: float | None
    avg: float | None
    count: int
    gaps: int


class SeriesView(msgspec.Struct, frozen=True):
    """Buckets of ``bucket_s`` seconds, oldest first; a bucket without readings is absent, not zero."""

    sensor: UUID
    unit: str
    bucket_s: int
    points: list[BucketView]


class ReadingView(msgspec.Struct, frozen=True):
    """One reading. ``value`` null: a gap, the device had none. ``late``: observed long before it was received."""

    observed_at: datetime
    received_at: datetime
    value: float | None
    quality: Literal["good", "gap", "late"]


class RefusalView(msgspec.Struct, frozen=True):
    """How often one device was refused for one reason, with the last example. ``device`` null: a name Muster does not
    know. ``sample`` is the beginning of the payload as text."""

    site: UUID
    device: str | None
    code: str
    count: int
    first_at: datetime
    last_at: datetime
    detail: str
    topic: str
    sample: str


# Commands. Muster is not a SIL-rated safety function: hard-wired trips and emergency stops stay independent of it.


class CommandRecord(CommandView, frozen=True, kw_only=True):
    """A command with who asked and why; ``feedback`` is the proof or the failure. ``requested_by`` null: Muster."""

    site: UUID
    incident: UUID | None
    reason: str
    requested_by: UUID | None
    attempts: int
    deadline_at: datetime
    feedback: dict[str, Any] | None


class NewCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the actuator shall do, and why."""

    action: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]
