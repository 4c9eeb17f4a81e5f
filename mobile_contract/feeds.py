"""Feeds over HTTP: other systems that are told of incidents, and the messages to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

FeedKindName: TypeAlias = Literal["cap", "webhook"]
MessageStateName: TypeAlias = Literal["queued", "sent", "failed"]
FeedName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
FeedUrl: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
GradeLimit: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=4)]
Sites: TypeAlias = Annotated[list[UUID], msgspec.Meta(max_length=100)]
Sender: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\s,<&]+$")]
Contact: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FeedView(msgspec.Struct, frozen=True, kw_only=True):
    """A feed. ``min_grade``: this grade or graver; ``sites`` empty: of every site; ``exercises``: of drills too.

    ``disabled_why``: Muster itself stopped it. ``old_secret_until``: until then the secret before this one signs too.
    """

    id: UUID
    name: str
    kind: FeedKindName
    url: str
    sender: str | None
    contact: str | None
    min_grade: int
    sites: list[UUID]
    exercises: bool
    enabled: bool
    disabled_why: str | None
    old_secret_until: datetime | None
    version: int
    created_at: datetime


class NewFeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A feed to set up: ``https``, and ``http`` on loopback alone. ``sender`` and ``contact`` are CAP's."""

    name: FeedName
    kind: FeedKindName
    url: FeedUrl
    min_grade: GradeLimit = 4
    sites: Sites = []
    exercises: bool = False
    sender: Sender | None = None
    contact: Contact | None = None


class FeedEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays."""

    name: FeedName | msgspec.UnsetType = msgspec.UNSET
    url: FeedUrl | msgspec.UnsetType = msgspec.UNSET
    min_grade: GradeLimit | msgspec.UnsetType = msgspec.UNSET
    sites: Sites | msgspec.UnsetType = msgspec.UNSET
    exercises: bool | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    sender: Sender | msgspec.UnsetType | None = msgspec.UNSET
    contact: Contact | msgspec.UnsetType | None = msgspec.UNSET


class FeedWithSecret(msgspec.Struct, frozen=True):
    """A feed and its new secret, which is shown here and never again; null when the request is repeated."""

    feed: FeedView
    secret: str | None


class FeedMessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one feed: its ``id`` is its ``webhook-id`` at every attempt."""

    id: UUID
    feed: UUID
    incident: UUID | None
    event: str
    exercise: bool
    state: MessageStateName
    attempts: int
    queued_at: datetime
    due_at: datetime
    ended_at: datetime | None
    last_status: int | None
    last_error: str | None


class FeedMessageDetail(msgspec.Struct, frozen=True):
    """A message and what is sent: null until the first attempt."""

    message: FeedMessageView
    payload: str | None
