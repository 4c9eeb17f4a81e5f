"""Who is in front of which room now: soft state, announced and forgotten, never stored.

A process that holds a person's socket announces the person's presence for each followed room, when it changes and again
every ANNOUNCE_EVERY_S. Every process hears it. What is not announced for FORGET_AFTER_S is away: a process that died
announces nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.live import PresenceChanged

NEWS = "presence.heard"
"""Key ``<room>:<account>:<active|background|away>``."""
# A minute costs 1,000 people in one room 17 short notifications a second.
ANNOUNCE_EVERY_S = 60.0
# Two announcements may be lost, with a connection to the database, before a person counts as away.
FORGET_AFTER_S = 150.0

State: TypeAlias = Literal["active", "background", "away"]


class _Heard(msgspec.Struct, frozen=True):
    state: State
    at: datetime


class Presence:
    """What was heard, of every room of every tenant that has somebody present."""

    def __init__(self) -> None:
        self._rooms: dict[tuple[UUID, UUID], dict[UUID, _Heard]] = {}

    def heard(self, tenant_id: UUID, room_id: UUID, account_id: UUID, state: State, now: datetime) -> bool:
        """Keep an announcement; True when it changes something."""
        people = self._rooms.setdefault((tenant_id, room_id), {})
        known = people.get(account_id)
        if state == "away":
            people.pop(account_id, None)
        else:
            people[account_id] = _Heard(state, now)
        if not people:
            del self._rooms[tenant_id, room_id]
        return state != (known.state if known else "away")

    def in_room(self, tenant_id: UUID, room_id: UUID) -> list[PresenceChanged]:
        """A frame for each person present, for somebody who joins."""
        people = self._rooms.get((tenant_id, room_id), {})
        return [PresenceChanged(room_id, account_id, heard.state) for account_id, heard in people.items()]

    def forget(self, now: datetime) -> list[tuple[UUID, PresenceChanged]]:
        """Drop who was not announced for too long; (tenant, frame) for each."""
        oldest = now - timedelta(seconds=FORGET_AFTER_S)
        gone = [
            (tenant_id, room_id, account_id)
            for (tenant_id, room_id), people in self._rooms.items()
            for account_id, heard in people.items()
            if heard.at < oldest
        ]
        for tenant_id, room_id, account_id in gone:
            self.heard(tenant_id, room_id, account_id, "away", now)
        return [(tenant_id, PresenceChanged(room_id, account_id, "away")) for tenant_id, room_id, account_id in gone]


def key_of(room_id: UUID, account_id: UUID, state: State) -> str:
    """The key of an announcement."""
    return f"{room_id}:{account_id}:{state}"


def parse_key(key: str) -> tuple[UUID, UUID, State]:
    """The announcement of a key made by `key_of`."""
    room, account, state = key.split(":")
    return UUID(room), UUID(account), msgspec.convert(state, State)
