"""What devices and Muster say to each other over MQTT and ``POST /v1/readings``.

Topics ``muster/v1/{tenant}/{site}/{device}/{leaf}``; payloads JSON, or MessagePack where the first byte is neither
``{`` nor ``[``. Times are device time in Unix milliseconds; units are UCUM codes. Unknown fields are ignored, so a
newer device can speak to an older Muster.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

TOPIC_ROOT = "muster/v1"
READINGS, STATE, COMMANDS, FEEDBACK, ACKS = "readings", "state", "commands", "feedback", "acks"
BADGES = "badges"

Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
UnixMs = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999, description="Unix milliseconds, up to year 9999.")]
UcumUnit = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One value; ``value`` null: the device has none (a gap)."""

    series: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    at: UnixMs
    value: float | None
    unit: UcumUnit


class Batch(msgspec.Struct, frozen=True):
    """Samples with a number of the device's own: Muster publishes Ack(seq) once they are committed."""

    samples: list[Sample]
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] | None = None


class Ack(msgspec.Struct, frozen=True):
    """The batch ``seq`` is committed (or refused for good): the device may forget it. ``refused`` counts its samples
    that were not stored."""

    seq: int
    refused: int = 0


class DeviceStateMessage(msgspec.Struct, frozen=True):
    """Retained, and the will message with ``online`` false (a will can not know its time: ``at`` is absent)."""

    online: bool
    at: UnixMs | None = None
    firmware: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    battery: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None


class CommandMessage(msgspec.Struct, frozen=True):
    """An order to an actuator. The same ``key`` comes with every retry: act once. ``inhibited``: a drill, move nothing
    and answer all the same."""

    command: str
    key: str
    actuator: str
    action: str
    at: int
    deadline_ms: int
    inhibited: bool = False


class FeedbackMessage(msgspec.Struct, frozen=True):
    """What an actuator does now; ``command`` names the order it answers, null where it moved by itself."""

    at: UnixMs
    actuator: Annotated[str, msgspec.Meta(max_length=64)]
    state: Annotated[str, msgspec.Meta(max_length=32)]
    command: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    value: float | None = None
    unit: UcumUnit | None = None
    fault: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class BadgeSwipe(msgspec.Struct, frozen=True):
    """A badge at a reader of a door controller. ``id`` is the controller's own number of the event, where it has one:
    sent again it is one event; without it the same badge, door, direction and time are. ``granted`` false: the door
    stayed shut."""

    badge: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    door: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    direction: Literal["in", "out"]
    at: UnixMs
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    granted: bool = True


class BadgeBatch(msgspec.Struct, frozen=True):
    """Badge events with a number of the controller's own: Muster publishes Ack(seq) once they are committed."""

    swipes: list[BadgeSwipe]
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] | None = None


class SampleRefusal(msgspec.Struct, frozen=True):
    """Why one sample was refused; ``index`` is its place in the payload, -1 for the payload as a whole."""

    index: int
    code: str
    detail: str


class IngestAnswer(msgspec.Struct, frozen=True):
    """Answer of ``POST /v1/readings`` and ``POST /v1/badge-events``: what was committed, what was refused and why."""

    accepted: int
    refused: list[SampleRefusal]
    seq: int | None = None


def topic(tenant: str, site: str, device: str, leaf: str) -> str:
    """The topic of one leaf of one device."""
    return f"{TOPIC_ROOT}/{tenant}/{site}/{device}/{leaf}"
