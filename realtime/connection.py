"""The session protocol of one socket, as a pure machine: frames and facts in, effects out.

It knows no socket, no clock and no database. `realtime.session` performs the effects in order and tells it the outcome.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TypeAlias

import msgspec

from mobile_contract.live import (
    CLIENT_DECODER,
    CLIENT_FRAME_MAX_BYTES,
    HEARTBEAT_S,
    KEY_MAX_CHARS,
    REASON_MAX_CHARS,
    ROOMS_MAX,
    Answer,
    Beat,
    ClientFrame,
    CloseCode,
    Hello,
    Here,
    Join,
    Leave,
    Left,
    Post,
    Presence,
    ProblemFrame,
    Receipt,
    Refresh,
    Refreshed,
    RoomPosition,
    ServerFrame,
    Sos,
    Welcome,
)
from mobile_contract.text import Text
from people.actor import Actor


class Authenticate(msgspec.Struct, frozen=True):
    """Verify the token; answer with `signed_in` or `refused`."""

    access_token: str


class Send(msgspec.Struct, frozen=True):
    """Write a frame."""

    frame: ServerFrame


class Close(msgspec.Struct, frozen=True):
    """Close the socket; the machine is at its end."""

    code: CloseCode
    reason: str


class ExpireAt(msgspec.Struct, frozen=True):
    """Call `expired` at this time, and no longer at an earlier one."""

    at: datetime


class SendOrders(msgspec.Struct, frozen=True):
    """Send every open order of the person."""


class Follow(msgspec.Struct, frozen=True):
    """Subscribe to the room and send what is missing after the position; membership is still to be checked."""

    position: RoomPosition


class Unfollow(msgspec.Struct, frozen=True):
    """Stop telling this socket about the room."""

    leave: Leave


class StorePost(msgspec.Struct, frozen=True):
    """Commit the message and answer ``posted``."""

    post: Post


class StoreReceipt(msgspec.Struct, frozen=True):
    """Commit the fact and answer ``receipt_ok``."""

    receipt: Receipt


class StoreAnswer(msgspec.Struct, frozen=True):
    """Commit the answer and answer ``answered``."""

    answer: Answer


class StoreSos(msgspec.Struct, frozen=True):
    """Commit the call for help and answer ``sos_taken``."""

    sos: Sos


class SetPresence(msgspec.Struct, frozen=True):
    """The app is in front, or in the background."""

    presence: Presence


Effect: TypeAlias = (
    Authenticate
    | Send
    | Close
    | ExpireAt
    | SendOrders
    | Follow
    | Unfollow
    | StorePost
    | StoreReceipt
    | StoreAnswer
    | StoreSos
    | SetPresence
)


class Phase(Enum):
    """Where the session is."""

    NEW = "new"
    VERIFYING = "verifying"
    READY = "ready"
    CLOSED = "closed"


class Connection:
    """One session. Every method returns the effects to perform, in order."""

    def __init__(self) -> None:
        self.phase = Phase.NEW
        self.actor: Actor | None = None
        self.expires_at: datetime | None = None
        self._hello = Hello("")

    def received(self, text: str | bytes | None, now: datetime) -> list[Effect]:
        """A whole message of the client; None stands for a binary one."""
        if self.phase is Phase.CLOSED:
            return []
        if text is None:
            return self._close(CloseCode.PROTOCOL_ERROR, "frames are JSON text")
        if len(text) > CLIENT_FRAME_MAX_BYTES:
            return self._close(CloseCode.TOO_BIG, f"a frame has at most {CLIENT_FRAME_MAX_BYTES} bytes")
        if self.expires_at is not None and now >= self.expires_at:
            return self.expired(now)
        try:
            frame = CLIENT_DECODER.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            return self._close(CloseCode.PROTOCOL_ERROR, str(problem))
        return self._handle(frame, now)

    def signed_in(
        self, actor: Actor, expires_at: datetime, memberships: list[RoomPosition], now: datetime
    ) -> list[Effect]:
        """The token is good; ``memberships`` are the person's open rooms at their newest position."""
        if self.phase is Phase.READY:
            return self._refreshed(actor, expires_at)
        if self.phase is not Phase.VERIFYING:
            return []
        self.phase = Phase.READY
        self.actor, self.expires_at = actor, expires_at
        known = {position.room: position for position in self._hello.rooms}
        rooms = {position.room: position for position in memberships} | known
        welcome = Welcome(actor.account_id, actor.device_id, now, HEARTBEAT_S, expires_at, memberships)
        follow = [Follow(known.get(room, RoomPosition(room))) for room in list(rooms)[:ROOMS_MAX]]
        # Orders before rooms: they are why the phone connects.
        return [ExpireAt(expires_at), Send(welcome), SendOrders(), *follow]

    def refused(self, code: CloseCode, reason: str) -> list[Effect]:
        """The token is not good."""
        return self._close(code, reason)

    def expired(self, now: datetime) -> list[Effect]:
        """The token's time may be over: a refresh can have come meanwhile."""
        if self.phase is not Phase.READY or self.expires_at is None or now < self.expires_at:
            return []
        return self._close(CloseCode.TOKEN_EXPIRED, "the access token has expired")

    def silent(self) -> list[Effect]:
        """HELLO_TIMEOUT_S is over."""
        if self.phase is Phase.NEW:
            return self._close(CloseCode.PROTOCOL_ERROR, "no hello in time")
        return []

    def signed_out(self) -> list[Effect]:
        """The device was signed out elsewhere."""
        return self._close(CloseCode.SIGNED_OUT, "this device was signed out")

    def _handle(self, frame: ClientFrame, now: datetime) -> list[Effect]:  # noqa: PLR0911 - one return a frame
        if isinstance(frame, Hello):
            return self._greet(frame)
        if self.phase is not Phase.READY:
            return self._close(CloseCode.PROTOCOL_ERROR, "hello comes first")
        match frame:
            case Post():
                return _checked_key(frame.key) or [StorePost(frame)]
            case Answer():
                return _checked_key(frame.key) or _checked_reason(frame) or [StoreAnswer(frame)]
            case Sos():
                # Its bounds are the use case's, as over HTTP: a call for help is not refused for its form twice.
                return [StoreSos(frame)]
            case Receipt():
                return [StoreReceipt(frame)]
            case Join(room, epoch, seq):
                return [Follow(RoomPosition(room, epoch, seq))]
            case Leave():
                return [Unfollow(frame), Send(Left(frame.room))]
            case Refresh(access_token):
                return [Authenticate(access_token)]
            case Here(presence):
                return [Send(Beat(now)), SetPresence(presence)]

    def _greet(self, hello: Hello) -> list[Effect]:
        if self.phase is not Phase.NEW:
            return self._close(CloseCode.PROTOCOL_ERROR, "hello comes once")
        if len(hello.rooms) > ROOMS_MAX:
            return self._close(CloseCode.PROTOCOL_ERROR, f"at most {ROOMS_MAX} rooms")
        self.phase = Phase.VERIFYING
        self._hello = hello
        return [Authenticate(hello.access_token)]

    def _refreshed(self, actor: Actor, expires_at: datetime) -> list[Effect]:
        assert self.actor is not None
        same = (actor.tenant_id, actor.account_id, actor.device_id) == (
            self.actor.tenant_id,
            self.actor.account_id,
            self.actor.device_id,
        )
        if not same:
            return self._close(CloseCode.SIGNED_OUT, "the token is another person's or device's")
        # The role may have changed with the new token.
        self.actor, self.expires_at = actor, expires_at
        return [ExpireAt(expires_at), Send(Refreshed(expires_at))]

    def _close(self, code: CloseCode, reason: str) -> list[Effect]:
        if self.phase is Phase.CLOSED:
            return []
        self.phase = Phase.CLOSED
        return [Close(code, reason)]


def _checked_key(key: str) -> list[Effect]:
    if 1 <= len(key) <= KEY_MAX_CHARS:
        return []
    detail = Text(zh=f"key 应为 1 到 {KEY_MAX_CHARS} 个字符", en=f"key has 1 to {KEY_MAX_CHARS} characters")
    return [Send(ProblemFrame(key[:KEY_MAX_CHARS] or None, "key.length", "key", detail))]


def _checked_reason(answer: Answer) -> list[Effect]:
    if len(answer.reason) <= REASON_MAX_CHARS:
        return []
    detail = Text(zh=f"理由最多 {REASON_MAX_CHARS} 个字符", en=f"reason has at most {REASON_MAX_CHARS} characters")
    return [Send(ProblemFrame(answer.key, "reason.length", "reason", detail))]
