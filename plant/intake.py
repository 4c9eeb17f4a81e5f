"""Messages of one site on their way to the database; decides, does no I/O.

Ordinary readings gather in a ``Batch`` that is stored in one statement. A message with a reading that may change
something is ``Held`` for the transaction path. What is refused is counted in the batch and acknowledged with it: asking
for it again would bring the same bytes. Nothing here is ever dropped: over HELD_MAX readings the link stops reading.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core.clock import Clock
from core.logging import get_logger
from core.metrics import counter
from mobile_contract.devices import ACKS, BADGES, FEEDBACK, READINGS, STATE, Ack, FeedbackMessage, SampleRefusal, topic
from plant.badge_desk import HeldSwipes
from plant.badge_protocol import read_swipes
from plant.directory import Directory, KnownDevice
from plant.model import DeviceState, Lease, Reading, Refusal
from plant.mqtt_link import Link
from plant.mqtt_wire import Publish
from plant.ports import ReadingSink
from plant.protocols import (
    EPOCH,
    FUTURE_DATED,
    FUTURE_TOLERANCE_S,
    MALFORMED,
    REVOKED_DEVICE,
    UNKNOWN_ACTUATOR,
    UNKNOWN_DEVICE,
    Parsed,
    parse_topic,
    read_feedback,
    read_samples,
    read_state,
)
from plant.refusals import merge, tally

log = get_logger(__name__)

# Readings taken and not yet committed. About 40 MB; at 15,000 a second eight seconds without a database, after which
# the broker keeps the rest.
HELD_MAX = 120_000
# Read again once this much is left: far enough below that the link does not flutter.
HELD_RESUME = 60_000
# One statement's worth of readings: about 0.25 s of PostgreSQL at the measured 80,000 a second.
BATCH_READINGS_MAX = 20_000

readings_stored = counter("ingest_readings", "Readings committed, duplicates included.", ("path",))

_encode = msgspec.json.Encoder().encode


class Said(msgspec.Struct, frozen=True):
    """What a device says about itself; ``retained``: the broker kept it, and it may be old."""

    state: DeviceState
    retained: bool


class Batch(msgspec.Struct):
    """What commits together and is then acknowledged on ``link``, the connection it came by (None: the inbox alone)."""

    link: Link | None
    readings: list[Reading] = msgspec.field(default_factory=list)
    refusals: dict[tuple[str, str], Refusal] = msgspec.field(default_factory=dict)
    states: dict[UUID, Said] = msgspec.field(default_factory=dict)
    mids: list[int] = msgspec.field(default_factory=list)
    acks: list[tuple[str, bytes]] = msgspec.field(default_factory=list)
    inbox: list[UUID] = msgspec.field(default_factory=list)

    def is_empty(self) -> bool:
        """Nothing to store and nothing to acknowledge."""
        return not (self.mids or self.readings or self.inbox or self.refusals or self.states)


class Held(msgspec.Struct):
    """One message on the transaction path: everything it stores, and of that what is to be decided on."""

    link: Link | None
    mid: int
    readings: list[Reading]
    decide: list[Reading]
    ack: tuple[str, bytes] | None
    inbox: UUID | None


# Handed (link, packet id, device, message); True: it will acknowledge the message itself.
OnFeedback = Callable[[Link, int, KnownDevice, FeedbackMessage], bool]
OnProof = Callable[[Reading], None]
OnSwipes = Callable[[HeldSwipes], None]


class Intake:
    """The site's messages, sorted. ``watched`` are the feedback sensors of live commands, told to ``on_proof``."""

    def __init__(
        self,
        lease: Lease,
        directory: Directory,
        sink: ReadingSink,
        clock: Clock,
        on_feedback: OnFeedback,
        on_proof: OnProof,
        on_arrival: Callable[[], None],
        on_swipes: OnSwipes,
    ) -> None:
        self._lease = lease
        self._sink = sink
        self._clock = clock
        self._on_feedback = on_feedback
        self._on_proof = on_proof
        self._on_arrival = on_arrival
        self._on_swipes = on_swipes
        self._hot: Counter[UUID] = Counter()
        self._inbox_held: set[UUID] = set()
        self._link: Link | None = None
        self.directory = directory
        self.watched: frozenset[UUID] = frozenset()
        self.batch = Batch(None)
        self.ready: deque[Batch] = deque()
        self.transitions: deque[Held] = deque()
        self.held = 0
        self.messages = 0

    def on_publishes(self, link: Link, publishes: list[Publish]) -> None:
        """Take what one read of the socket brought."""
        self._link = link
        if self.batch.link is not link:
            self._start_batch(link)
        now = self._clock.now()
        by_topic = self.directory.by_topic
        for name, payload, mid, retained in publishes:
            device = by_topic.get(name)
            if device is None:
                self._take_other(link, name, payload, mid, retained, now)
            else:
                self._take_readings(link, device, payload, mid, now)
        self.messages += len(publishes)
        if len(self.batch.readings) >= BATCH_READINGS_MAX:
            self._start_batch(link)
        if self.held > HELD_MAX:
            link.pause()
        self._on_arrival()

    def take_inbox(self, item_id: UUID, readings: list[Reading]) -> None:
        """Take the readings of one HTTP request, once."""
        if item_id in self._inbox_held:
            return
        self._inbox_held.add(item_id)
        self._sort(None, 0, readings, None, item_id)
        self._on_arrival()

    def next_batch(self) -> Batch | None:
        """The oldest batch; the one still filling when nothing else waits; None when there is nothing."""
        if self.ready:
            return self.ready.popleft()
        if self.batch.is_empty():
            return None
        batch = self.batch
        self.batch = Batch(batch.link)
        return batch

    def committed(self, readings: int, inbox: list[UUID]) -> None:
        """So many readings are stored; reading goes on when there is room again, whichever connection they came by."""
        self.held -= readings
        self._inbox_held.difference_update(inbox)
        if self._link is not None and self.held < HELD_RESUME:
            self._link.resume()

    def has_room(self) -> bool:
        """Whether the inbox may be read on; what is not taken from it stays in its table."""
        return self.held <= HELD_MAX

    def store_undecided(self, held: Held) -> None:
        """Take a message off the transaction path: its readings are stored and acknowledged with the next batch."""
        self.decided(held.decide)
        batch = self.batch
        batch.readings += held.readings
        if held.inbox is not None:
            batch.inbox.append(held.inbox)
        # A packet id is the connection's: on a new one the broker brings the message again.
        if held.link is batch.link:
            batch.mids += [held.mid] if held.mid else []
            batch.acks += [held.ack] if held.ack else []
        self._on_arrival()

    def decided(self, readings: list[Reading]) -> None:
        """A transition has committed: its sensors are screened again."""
        for reading in readings:
            self._hot[reading.sensor_id] -= 1
            if self._hot[reading.sensor_id] <= 0:
                del self._hot[reading.sensor_id]

    def refuse(self, device: str, code: str, detail: str, name: bytes, payload: bytes, now: datetime) -> None:
        """Count one refusal; ``device`` '' when Muster does not know it."""
        self._refuse_all(device, [SampleRefusal(-1, code, detail)], name.decode("utf-8", "replace"), payload, now)

    def _refuse_all(self, device: str, refused: list[SampleRefusal], name: str, payload: bytes, now: datetime) -> None:
        for made in tally(self._lease.tenant_id, self._lease.site_id, device, refused, name, payload, now):
            before = self.batch.refusals.get((device, made.code))
            self.batch.refusals[device, made.code] = made if before is None else merge(before, made)

    def _start_batch(self, link: Link) -> None:
        if not self.batch.is_empty():
            self.ready.append(self.batch)
        self.batch = Batch(link)

    def _take_readings(self, link: Link, device: KnownDevice, payload: bytes, mid: int, now: datetime) -> None:
        parsed = read_samples(payload, device.series, now)
        ack = None
        if parsed.refused or parsed.seq is not None:
            ack = self._note(device, parsed, payload, now)
        self._sort(link, mid, parsed.readings, ack, None)

    def _note(self, device: KnownDevice, parsed: Parsed, payload: bytes, now: datetime) -> tuple[str, bytes] | None:
        prefix = self.directory.tenant, self.directory.site, device.slug
        if parsed.refused:
            self._refuse_all(device.slug, parsed.refused, topic(*prefix, READINGS), payload, now)
        if parsed.seq is None:
            return None
        return topic(*prefix, ACKS), _encode(Ack(parsed.seq, len(parsed.refused)))

    def _sort(
        self, link: Link | None, mid: int, readings: list[Reading], ack: tuple[str, bytes] | None, inbox: UUID | None
    ) -> None:
        """To the batch, or as a whole to the transaction path when one of its readings may change something."""
        hot, watched = self._hot, self.watched
        decide: list[Reading] = []
        for reading in readings:
            if self._screen(reading) or (hot and reading.sensor_id in hot):
                decide.append(reading)
            if watched and reading.sensor_id in watched:
                self._on_proof(reading)
        self.held += len(readings)
        if decide:
            for reading in decide:
                hot[reading.sensor_id] += 1
            self.transitions.append(Held(link, mid, readings, decide, ack, inbox))
            return
        batch = self.batch
        batch.readings += readings
        if mid:
            batch.mids.append(mid)
        if ack is not None:
            batch.acks.append(ack)
        if inbox is not None:
            batch.inbox.append(inbox)

    def _screen(self, reading: Reading) -> bool:
        try:
            return self._sink.screen(reading)
        except Exception:
            # Let out, it would end the connection, again and again: nobody of the site would be heard.
            log.exception("gateway.screen_failed", sensor=str(reading.sensor_id))
            return True

    def _take_other(self, link: Link, name: bytes, payload: bytes, mid: int, retained: bool, now: datetime) -> None:
        parts = parse_topic(name.decode("utf-8", "replace"))
        device = None if parts is None else self.directory.devices.get(parts.device)
        taken = False
        if parts is None or device is None:
            self.refuse("", UNKNOWN_DEVICE, f"no device {parts.device if parts else '?'!r}", name, payload, now)
        elif device.revoked:
            self.refuse(device.slug, REVOKED_DEVICE, "the device's login is revoked", name, payload, now)
        elif parts.leaf == STATE:
            self._take_state(device, name, payload, retained, now)
        elif parts.leaf == FEEDBACK:
            taken = self._take_feedback(link, mid, device, name, payload, now)
        elif parts.leaf == BADGES:
            taken = self._take_swipes(link, mid, device, name, payload, now)
        else:
            self.refuse(device.slug, MALFORMED, f"nothing is read from {parts.leaf!r}", name, payload, now)
        if mid and not taken:
            self.batch.mids.append(mid)

    def _take_state(self, device: KnownDevice, name: bytes, payload: bytes, retained: bool, now: datetime) -> None:
        message = read_state(payload)
        if isinstance(message, SampleRefusal):
            self.refuse(device.slug, message.code, message.detail, name, payload, now)
            return
        # A will can not know when it is sent, and a retained state may be old: the device's time where it has one.
        at = now if message.at is None else EPOCH + timedelta(milliseconds=message.at)
        if at > now + timedelta(seconds=FUTURE_TOLERANCE_S):
            # Flagged, not believed: what the device says of itself is news all the same.
            detail = f"state dated {at.isoformat()}; taken as of its arrival"
            self.refuse(device.slug, FUTURE_DATED, detail, name, payload, now)
            at = now
        state = DeviceState(
            self._lease.tenant_id, device.id, message.online, at, message.firmware, message.battery, now
        )
        # A live message is newer than all before it, whatever the device's clock says; a retained one may be old.
        before = self.batch.states.get(device.id)
        if before is None or not retained:
            self.batch.states[device.id] = Said(state, retained)
        elif before.state.at <= at:
            self.batch.states[device.id] = Said(state, before.retained)

    def _take_swipes(
        self, link: Link, mid: int, device: KnownDevice, name: bytes, payload: bytes, now: datetime
    ) -> bool:
        parsed = read_swipes(device.id, payload, now)
        if parsed.refused:
            self._refuse_all(device.slug, parsed.refused, name.decode("utf-8", "replace"), payload, now)
        ack = None
        if parsed.seq is not None:
            back = topic(self.directory.tenant, self.directory.site, device.slug, ACKS)
            ack = back, _encode(Ack(parsed.seq, len(parsed.refused)))
        if not parsed.swipes and ack is None:
            return False
        self._on_swipes(HeldSwipes(link, mid, parsed.swipes, ack))
        return True

    def _take_feedback(
        self, link: Link, mid: int, device: KnownDevice, name: bytes, payload: bytes, now: datetime
    ) -> bool:
        message = read_feedback(payload)
        if isinstance(message, SampleRefusal):
            self.refuse(device.slug, message.code, message.detail, name, payload, now)
            return False
        if message.actuator not in device.actuators:
            detail = f"the device has no actuator {message.actuator!r}"
            self.refuse(device.slug, UNKNOWN_ACTUATOR, detail, name, payload, now)
            return False
        at = EPOCH + timedelta(milliseconds=message.at)
        if at > now + timedelta(seconds=FUTURE_TOLERANCE_S):
            # Flagged; it still proves the command it names (plant.commands).
            self.refuse(device.slug, FUTURE_DATED, f"feedback dated {at.isoformat()}", name, payload, now)
        return self._on_feedback(link, mid, device, message)
