"""The nouns of calls for help as stored; field names are column names."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from incidents.sos.lone import By, State, Watch
from incidents.sos.rules import Kind, LocatedBy, Place
from mobile_contract.text import Text


class SosCall(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of one person; ``ended_at`` is what their phone was told, ``over_at`` what is true."""

    tenant_id: UUID
    id: UUID
    account_id: UUID
    name: str
    incident_id: UUID | None
    site_id: UUID
    zone_id: UUID
    kind: Kind
    place: Text
    located_by: LocatedBy
    share: float | None
    lon: float | None
    lat: float | None
    level: int | None
    accuracy_m: float | None
    located_at: datetime | None
    note: str
    opened_at: datetime
    presses: int
    pressed_at: datetime
    duress_at: datetime | None = None
    ended_at: datetime | None = None
    over_at: datetime | None = None
    session_id: UUID | None = None

    def at(self, place: Place, name: Text) -> SosCall:
        """The same call at another place."""
        return msgspec.structs.replace(
            self,
            zone_id=place.zone_id,
            place=name,
            located_by=place.located_by,
            share=place.share,
            lon=place.lon,
            lat=place.lat,
            level=place.level,
            accuracy_m=place.accuracy_m,
            located_at=place.at,
        )


class SosPosition(msgspec.Struct, frozen=True):
    """Where the person was while it lasted."""

    tenant_id: UUID
    sos_id: UUID
    at: datetime
    lon: float
    lat: float
    level: int | None
    accuracy_m: float
    zone_id: UUID | None
    received_at: datetime


class SosCodes(msgspec.Struct, frozen=True):
    """The hashes of a person's two codes."""

    code_hash: str
    duress_hash: str
    set_at: datetime


class LoneSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session of somebody who works alone; its times are a ``Watch``."""

    tenant_id: UUID
    id: UUID
    account_id: UUID
    name: str
    site_id: UUID
    zone_id: UUID | None
    lon: float | None
    lat: float | None
    level: int | None
    accuracy_m: float | None
    note: str
    interval_s: int
    grace_s: int
    activity_counts: bool
    state: State
    started_at: datetime
    ends_at: datetime
    checked_in_at: datetime
    checked_in_by: By
    deadline_at: datetime | None
    remind_at: datetime | None
    raise_at: datetime | None
    paused_until: datetime | None
    armed_at: datetime
    ended_at: datetime | None = None
    ended_by: UUID | None = None
    ring_attempts: int = 0
    ring_taken: int = 0
    version: int = 1

    @property
    def watch(self) -> Watch:
        """For the machine."""
        return msgspec.convert({f: getattr(self, f) for f in Watch.__struct_fields__}, Watch)

    def after(self, watch: Watch) -> LoneSession:
        """The session with these times."""
        return msgspec.structs.replace(self, **msgspec.structs.asdict(watch))
