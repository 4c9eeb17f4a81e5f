"""The live wire: one WebSocket at ``/v1/live``, JSON text frames, each a Struct tagged by ``type``.

The client speaks first: ``hello``. The server answers ``welcome``, one ``recovered`` or ``snapshot`` for each room of
the person (and for each room the client named), and an ``order`` for each open delivery; from then on events and
orders as they happen.

Rules for a client:

* Keep (room, epoch, seq) of the last event applied without a gap, and the key of each order shown. Say them in the
  next ``hello``. An event at or below ``seq`` is a repetition.
* An event above ``seq + 1`` may be shown, but is not applied: safety events overtake chat on a slow line, and the
  server will close with ``SLOW_READER``. Resume, or ask with ``join``.
* A write carries a key of the client's own. Without an answer, send it again with the same key: it counts once. Send
  the next message into a room when the one before is answered, or a repetition may put them out of order.
* An order is answered with a ``received`` receipt at once; the same order (same ``key``) may come more than once and on
  more than one channel.
* A ``route`` is one's own way: show it in place of what is known under its id, unless that has a higher ``revision``;
  with ``ended_at`` it is over. The ways one has come after ``welcome``; drop those known from before that did not
  come. While walking, send positions to ``POST /v1/routes/{id}/positions``.
* Send ``here`` every ``heartbeat_s``. The server answers ``beat``; without a frame for ``2 * heartbeat_s`` the line is
  dead: connect again. Between attempts wait 0.5 s, doubling to 15 s, with jitter.
* After codes 4002, 4008 and 4010 and after any loss, connect and resume; after 4001 sign in; after 4009 and 4013 the
  client is at fault and should not repeat what it sent.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.agent_cards import CardBrief
from mobile_contract.notices import NoticeKind
from mobile_contract.presence import ReportedPosition
from mobile_contract.room import RoomState
from mobile_contract.room_events import RoomEvent
from mobile_contract.room_views import Step
from mobile_contract.sos import SosKind
from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteView

PATH = "/v1/live"
# The largest client frame is a message of 4,000 characters, 12 kB of UTF-8, with its escapes.
CLIENT_FRAME_MAX_BYTES = 32 * 1024
# A phone has at most some tens of open incidents; more is a fault of the client.
ROOMS_MAX = 64
# Receipts, keys and reasons are short; what does not fit is refused, not cut.
KEY_MAX_CHARS = 100
REASON_MAX_CHARS = 1000
# A socket that does not say hello within this is closed: it holds a file descriptor for nobody.
HELLO_TIMEOUT_S = 10.0
# Mobile carriers drop idle flows after 30 s and more; half of the shortest keeps the flow open and finds a dead line
# within 30 s. Orders do not wait for that: a missing receipt escalates by itself.
HEARTBEAT_S = 15.0
# More missing events than this cost more than a snapshot, in bytes and in work on the phone.
RECOVER_MAX_EVENTS = 256

Fact: TypeAlias = Literal["received", "seen", "acknowledged", "moving"]
Presence: TypeAlias = Literal["active", "background"]


class CloseCode(IntEnum):
    """Why the server closed the socket (RFC 6455 section 7.4.2, private use)."""

    SIGNED_OUT = 4001
    """The access token is missing, invalid or revoked: sign in."""
    TOKEN_EXPIRED = 4002
    """The access token's time is over and no `refresh` came: get a new one and resume."""
    SLOW_READER = 4008
    """The client reads more slowly than its rooms speak: resume from the last sequence number."""
    PROTOCOL_ERROR = 4009
    """A frame was not JSON, not of this contract, or out of order."""
    GOING_DOWN = 4010
    """This server stops: resume, another one answers."""
    TOO_BIG = 4013
    """A frame was larger than CLIENT_FRAME_MAX_BYTES."""


class RoomPosition(msgspec.Struct, frozen=True):
    """What the client has of a room; ``seq`` 0 means nothing."""

    room: UUID
    epoch: int = 0
    seq: int = 0


# --- client to server


class Hello(msgspec.Struct, frozen=True, tag_field="type", tag="hello"):
    """Who is there, and what the client already has."""

    access_token: str
    rooms: list[RoomPosition] = []
    client: str = ""


class Post(msgspec.Struct, frozen=True, tag_field="type", tag="post"):
    """Write a message into a room; answered by ``posted``."""

    key: str
    room: UUID
    text: str


class Receipt(msgspec.Struct, frozen=True, tag_field="type", tag="receipt"):
    """A fact about an order on this device; ``at`` is its clock, with its offset. Answered by ``receipt_ok``."""

    delivery: UUID
    fact: Fact
    at: Annotated[datetime, msgspec.Meta(tz=True)]


class Answer(msgspec.Struct, frozen=True, tag_field="type", tag="answer"):
    """Take a task, or decline it with a reason; answered by ``answered``."""

    key: str
    task: UUID
    answer: Literal["acknowledge", "decline"]
    reason: str = ""


class Sos(msgspec.Struct, frozen=True, tag_field="type", tag="sos"):
    """Call for help, as ``POST /v1/sos``; answered by ``sos_taken``. Send it again with the same key until it is, here
    and over HTTP: it is one call."""

    key: str
    kind: SosKind
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    position: ReportedPosition | None = None
    note: str = ""


class Join(msgspec.Struct, frozen=True, tag_field="type", tag="join"):
    """Follow a room, or ask again for what is missing of it."""

    room: UUID
    epoch: int = 0
    seq: int = 0


class Leave(msgspec.Struct, frozen=True, tag_field="type", tag="leave"):
    """Stop following a room on this socket; membership stays."""

    room: UUID


class Refresh(msgspec.Struct, frozen=True, tag_field="type", tag="refresh"):
    """A newer access token of the same person and device; answered by ``refreshed``."""

    access_token: str


class Here(msgspec.Struct, frozen=True, tag_field="type", tag="here"):
    """The heartbeat, and whether the app is in front; answered by ``beat``."""

    presence: Presence


ClientFrame: TypeAlias = Hello | Post | Receipt | Answer | Sos | Join | Leave | Refresh | Here

# --- server to client


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """The client is signed in; ``rooms`` are the ones it will now be told about, with their newest position."""

    account: UUID
    device: UUID | None
    now: datetime
    heartbeat_s: float
    expires_at: datetime
    rooms: list[RoomPosition]


class Recovered(msgspec.Struct, frozen=True, tag_field="type", tag="recovered"):
    """Exactly the events the client was missing; ``seq`` is the last of them."""

    room: UUID
    epoch: int
    seq: int
    events: list[RoomEvent]


class Snapshot(msgspec.Struct, frozen=True, tag_field="type", tag="snapshot"):
    """The whole room; replaces what the client has."""

    room: UUID
    epoch: int
    seq: int
    state: RoomState


class Left(msgspec.Struct, frozen=True, tag_field="type", tag="left"):
    """This socket no longer follows the room: on its own wish, or because membership ended."""

    room: UUID


class Order(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="order"):
    """An order for the person; ``key`` is equal on every channel and every repetition. ``do_nots`` are shown first;
    ``card``: what to know of the agent."""

    delivery: UUID
    key: str
    task: UUID
    incident: UUID
    room: UUID
    grade: int
    title: Text
    place: Text
    agent: str | None
    steps: list[Step]
    deadline_at: datetime
    sent_at: datetime
    exercise: bool = False
    do_nots: list[Text] = []
    card: CardBrief | None = None


class Posted(msgspec.Struct, frozen=True, tag_field="type", tag="posted"):
    """The message is committed as event ``seq``."""

    key: str
    room: UUID
    seq: int


class ReceiptOk(msgspec.Struct, frozen=True, tag_field="type", tag="receipt_ok"):
    """The fact is committed; the client need not send it again."""

    delivery: UUID
    fact: Fact


class Answered(msgspec.Struct, frozen=True, tag_field="type", tag="answered"):
    """The answer is committed; ``state`` is the task's state now."""

    key: str
    task: UUID
    state: str


class SosTaken(msgspec.Struct, frozen=True, tag_field="type", tag="sos_taken"):
    """The call for help is committed and people are being asked. Show nothing of it but a neutral line."""

    key: str
    sos: UUID
    incident: UUID


class Refreshed(msgspec.Struct, frozen=True, tag_field="type", tag="refreshed"):
    """The newer token counts; the socket lives until ``expires_at``."""

    expires_at: datetime


class Beat(msgspec.Struct, frozen=True, tag_field="type", tag="beat"):
    """The line is alive."""

    now: datetime


class PresenceChanged(msgspec.Struct, frozen=True, tag_field="type", tag="presence"):
    """Someone in the room came to the front, went to the background or away; not an event, not kept."""

    room: UUID
    account: UUID
    presence: Literal["active", "background", "away"]


class NoticeMade(msgspec.Struct, frozen=True, tag_field="type", tag="notice"):
    """There is something to know in the person's list (``GET /v1/notices``). Sent once and not again: after a new
    connection, look at the list."""

    id: UUID
    kind: NoticeKind
    title: Text
    urgent: bool


class RouteTold(msgspec.Struct, frozen=True, tag_field="type", tag="route"):
    """The person's own way to a task, on a search or out of an evacuation: new, another, walked to its end, or over."""

    route: RouteView


class ProblemFrame(msgspec.Struct, frozen=True, tag_field="type", tag="problem"):
    """Why a frame was refused; ``key`` is the write's key, the delivery's or the room's id, or null."""

    key: str | None
    code: str
    field: str | None
    detail: Text


ServerFrame: TypeAlias = (
    Welcome
    | Recovered
    | Snapshot
    | Left
    | RoomEvent
    | Order
    | Posted
    | ReceiptOk
    | Answered
    | SosTaken
    | Refreshed
    | Beat
    | PresenceChanged
    | NoticeMade
    | RouteTold
    | ProblemFrame
)

CLIENT_DECODER = msgspec.json.Decoder(ClientFrame)
SERVER_DECODER = msgspec.json.Decoder(ServerFrame)
ENCODER = msgspec.json.Encoder()


def encode(frame: ClientFrame | ServerFrame) -> bytes:
    """The frame's JSON text, UTF-8."""
    return ENCODER.encode(frame)
