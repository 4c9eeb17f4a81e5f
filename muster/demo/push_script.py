"""How the demo's push service behaves: a script per token, FCM's own error bodies, and the pushes devices wait for."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import Any, Literal

import msgspec

# A device that never collects its pushes: FCM keeps 100 messages for a device and then drops them all.
MAILBOX_MAX = 100
# What tests look back at.
LOG_MAX = 10_000

Kind = Literal[
    "accept",
    "unregistered",
    "invalid_token",
    "bad_request",
    "quota",
    "sender_mismatch",
    "unavailable",
    "internal",
    "unauthenticated",
]


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to one message.

    ``drop`` hangs up instead of answering; with ``answer`` accept the message was taken all the same. ``deliver`` False
    takes it and loses it. ``copies`` above 1 gives it to the device more often. ``behind`` holds it back until that
    many later messages have overtaken it.
    """

    answer: Kind = "accept"
    delay_s: float = 0.0
    retry_after_s: int | None = None
    drop: bool = False
    deliver: bool = True
    copies: int = 1
    behind: int = 0


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For messages to ``token`` ("*": any token without a script): ``then`` one after the other, then ``after``."""

    token: str
    then: list[Behaviour] = []
    after: Behaviour = Behaviour()


FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
# HTTP status, google.rpc status, message, FCM errorCode (firebase.google.com, "FCM error codes").
_ERRORS: dict[str, tuple[int, str, str, str | None]] = {
    "unregistered": (404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED"),
    "invalid_token": (
        400,
        "INVALID_ARGUMENT",
        "The registration token is not a valid FCM registration token",
        "INVALID_ARGUMENT",
    ),
    "quota": (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Messages'.", "QUOTA_EXCEEDED"),
    "sender_mismatch": (403, "PERMISSION_DENIED", "SenderId mismatch", "SENDER_ID_MISMATCH"),
    "unavailable": (503, "UNAVAILABLE", "The service is currently unavailable.", "UNAVAILABLE"),
    "internal": (500, "INTERNAL", "Internal error encountered.", "INTERNAL"),
    "unauthenticated": (
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential.",
        None,
    ),
}


def error_body(kind: str) -> tuple[int, dict[str, Any]]:
    """(HTTP status, JSON body) of an FCM refusal."""
    if kind == "bad_request":
        text = "Invalid value at 'message.data[0].value' (TYPE_STRING), 12"
        violation = {"field": "message.data[0].value", "description": text}
        detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
        return 400, _error(400, "INVALID_ARGUMENT", text, [detail])
    status, name, message, code = _ERRORS[kind]
    details = [] if code is None else [{"@type": FCM_ERROR, "errorCode": code}]
    return status, _error(status, name, message, details)


def _error(status: int, name: str, message: str, details: list[dict[str, Any]]) -> dict[str, Any]:
    body: dict[str, Any] = {"code": status, "message": message, "status": name}
    return {"error": {**body, "details": details} if details else body}


class Taken(msgspec.Struct, frozen=True):
    """One request that reached the service, and how it was treated."""

    n: int
    token: str
    message: dict[str, Any]
    behaviour: Behaviour


class Push(msgspec.Struct, frozen=True):
    """What a device gets; ``n`` counts the pushes of its token from 1."""

    n: int
    message: dict[str, Any]


class Switchboard:
    """Scripts in, messages through, pushes out to whoever waits for them."""

    def __init__(self) -> None:
        self._scripts: dict[str, tuple[deque[Behaviour], Behaviour]] = {}
        self._counts: dict[str, int] = defaultdict(int)
        self._mail: dict[str, deque[Push]] = defaultdict(lambda: deque(maxlen=MAILBOX_MAX))
        self._held: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        self._arrived: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._taken = 0
        self.log: deque[Taken] = deque(maxlen=LOG_MAX)

    def follow(self, script: Script) -> None:
        """Behave like this from now on."""
        self._scripts[script.token] = (deque(script.then), script.after)

    def behaviour_for(self, token: str) -> Behaviour:
        """The next behaviour of the token's script."""
        then, after = self._scripts.get(token) or self._scripts.get("*") or (deque(), Behaviour())
        return then.popleft() if then else after

    def note(self, token: str, message: dict[str, Any], behaviour: Behaviour) -> int:
        """Write down a request; returns its number."""
        self._taken += 1
        self.log.append(Taken(self._taken, token, message, behaviour))
        return self._taken

    def deliver(self, token: str, message: dict[str, Any], behaviour: Behaviour) -> None:
        """Hand a taken message to the device, as the behaviour says."""
        if not behaviour.deliver:
            return
        if behaviour.behind:
            self._held[token].append((behaviour.behind, message))
            return
        for _ in range(behaviour.copies):
            self._put(token, message)
        waiting = [(behind - 1, held) for behind, held in self._held.pop(token, [])]
        for behind, held in waiting:
            if behind <= 0:
                self._put(token, held)
            else:
                self._held[token].append((behind, held))

    def _put(self, token: str, message: dict[str, Any]) -> None:
        self._counts[token] += 1
        self._mail[token].append(Push(self._counts[token], message))
        self._arrived[token].set()
        self._arrived[token] = asyncio.Event()

    async def wait_for(self, token: str, after: int, wait_s: float) -> list[Push]:
        """The token's pushes above ``after``; waits for the first one at most ``wait_s``."""
        arrived = self._arrived[token]
        found = [push for push in self._mail[token] if push.n > after]
        if found or wait_s <= 0:
            return found
        try:
            await asyncio.wait_for(arrived.wait(), wait_s)
        except TimeoutError:
            return []
        return [push for push in self._mail[token] if push.n > after]
