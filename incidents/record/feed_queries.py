"""SQL of feeds and of the messages to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.record.cap import Reference
from incidents.record.feed import FeedKind
from mobile_contract.text import Text

MessageState: TypeAlias = Literal["queued", "sent", "failed"]


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """Another system that is told of incidents; its secrets are apart. ``disabled_why``: Muster itself stopped it."""

    tenant_id: UUID
    id: UUID
    name: str
    kind: FeedKind
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


class FeedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one feed, and how its sending stands."""

    tenant_id: UUID
    id: UUID
    feed_id: UUID
    incident_id: UUID | None
    seq: int
    event: str
    notice: dict[str, Any]
    exercise: bool
    payload: str | None
    state: MessageState
    attempts: int
    queued_at: datetime
    due_at: datetime
    give_up_at: datetime
    ended_at: datetime | None
    last_status: int | None
    last_error: str | None
    fencing: int


_FEED = """tenant_id, id, name, kind, url, sender, contact, min_grade, sites, exercises, enabled, disabled_why,
    old_secret_until, version, created_at"""

_MESSAGE = """tenant_id, id, feed_id, incident_id, seq, event, notice, exercise, payload, state, attempts, queued_at,
    due_at, give_up_at, ended_at, last_status, last_error, fencing"""

_INSERT_FEED = """
INSERT INTO feeds (tenant_id, id, name, kind, url, sender, contact, min_grade, sites, exercises, enabled, secret,
                   created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


async def insert_feed(tx: Tx, feed: Feed, secret: bytes) -> None:
    """Insert a feed with its sealed secret."""
    await tx.execute(
        _INSERT_FEED,
        feed.tenant_id,
        feed.id,
        feed.name,
        feed.kind,
        feed.url,
        feed.sender,
        feed.contact,
        feed.min_grade,
        feed.sites,
        feed.exercises,
        feed.enabled,
        secret,
        feed.created_at,
    )


_GET_FEED = f"SELECT {_FEED} FROM feeds WHERE tenant_id = $1 AND id = $2"
_LOCK_FEED = _GET_FEED + " FOR NO KEY UPDATE"


async def get_feed(tx: Tx, tenant_id: UUID, feed_id: UUID, *, lock: bool = False) -> Feed:
    """One feed, locked if asked; raises NotFound."""
    row = await tx.fetchrow(_LOCK_FEED if lock else _GET_FEED, tenant_id, feed_id)
    if row is None:
        raise NotFound("feed.not_found", f"no feed {feed_id}", f"没有输出 {feed_id}", field="feed_id")
    return row_to(Feed, row)


_LIST_FEEDS = f"""
SELECT {_FEED} FROM feeds
WHERE tenant_id = $1 AND ($2::text IS NULL OR position(lower($2) IN lower(name || ' ' || url)) > 0)
  AND ($3::text IS NULL OR kind = $3) AND ($4::boolean IS NULL OR enabled = $4) AND (name, id) > ($5, $6)
ORDER BY name, id LIMIT $7
"""


async def list_feeds(
    tx: Tx,
    tenant_id: UUID,
    *,
    search: str | None,
    kind: str | None,
    enabled: bool | None,
    after: tuple[str, UUID],
    limit: int,
) -> list[Feed]:
    """Feeds by name."""
    rows = await tx.fetch(_LIST_FEEDS, tenant_id, search, kind, enabled, *after, limit)
    return [row_to(Feed, r) for r in rows]


_SAVE_FEED = """
UPDATE feeds SET name = $3, url = $4, sender = $5, contact = $6, min_grade = $7, sites = $8, exercises = $9,
    enabled = $10, disabled_why = $11, version = version + 1
WHERE tenant_id = $1 AND id = $2
RETURNING version
"""


async def save_feed(tx: Tx, feed: Feed) -> Feed:
    """Write what an edit changes; returns the feed with its new version."""
    version = await tx.fetchval(
        _SAVE_FEED,
        feed.tenant_id,
        feed.id,
        feed.name,
        feed.url,
        feed.sender,
        feed.contact,
        feed.min_grade,
        feed.sites,
        feed.exercises,
        feed.enabled,
        feed.disabled_why,
    )
    return msgspec.structs.replace(feed, version=version)


_ROTATE = """
UPDATE feeds SET old_secret = secret, old_secret_until = $4, secret = $3, version = version + 1
WHERE tenant_id = $1 AND id = $2
"""


async def rotate_secret(tx: Tx, tenant_id: UUID, feed_id: UUID, secret: bytes, old_until: datetime) -> None:
    """Put a new sealed secret in; the old one signs beside it until then."""
    await tx.execute(_ROTATE, tenant_id, feed_id, secret, old_until)


class SealedSecrets(msgspec.Struct, frozen=True):
    """A feed's secrets, sealed: read by who sends and by nobody else."""

    secret: bytes
    old_secret: bytes | None
    old_secret_until: datetime | None


_SECRETS = "SELECT secret, old_secret, old_secret_until FROM feeds WHERE tenant_id = $1 AND id = $2"


async def get_secrets(tx: Tx, tenant_id: UUID, feed_id: UUID) -> SealedSecrets:
    """The secrets of a feed that is there."""
    row = await tx.fetchrow(_SECRETS, tenant_id, feed_id)
    assert row is not None
    return SealedSecrets(bytes(row["secret"]), row["old_secret"], row["old_secret_until"])


class Told(msgspec.Struct, frozen=True):
    """An enabled feed, and how many messages about an incident it has been queued."""

    id: UUID
    min_grade: int
    sites: list[UUID]
    exercises: bool
    last_seq: int


_LISTENING = """
SELECT id, min_grade, sites, exercises, coalesce((
    SELECT max(seq) FROM feed_messages m
    WHERE m.tenant_id = feeds.tenant_id AND m.feed_id = feeds.id AND m.incident_id = $2), 0) AS last_seq
FROM feeds WHERE tenant_id = $1 AND enabled ORDER BY id
"""


async def list_listening(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[Told]:
    """Every enabled feed; the incident's lock keeps ``last_seq`` true."""
    return [row_to(Told, r) for r in await tx.fetch(_LISTENING, tenant_id, incident_id)]


_INSERT_MESSAGE = """
INSERT INTO feed_messages (tenant_id, id, feed_id, incident_id, seq, event, notice, exercise, state, queued_at, due_at,
                           give_up_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9, $9, $10)
"""


async def insert_message(tx: Tx, message: FeedMessage) -> None:
    """Queue a message."""
    await tx.execute(
        _INSERT_MESSAGE,
        message.tenant_id,
        message.id,
        message.feed_id,
        message.incident_id,
        message.seq,
        message.event,
        message.notice,
        message.exercise,
        message.queued_at,
        message.give_up_at,
    )


_GET_MESSAGE = f"SELECT {_MESSAGE} FROM feed_messages WHERE tenant_id = $1 AND id = $2"
_LOCK_MESSAGE = _GET_MESSAGE + " FOR NO KEY UPDATE"


async def get_message(tx: Tx, tenant_id: UUID, message_id: UUID, *, lock: bool = False) -> FeedMessage:
    """One message, locked if asked; raises NotFound."""
    row = await tx.fetchrow(_LOCK_MESSAGE if lock else _GET_MESSAGE, tenant_id, message_id)
    if row is None:
        raise NotFound(
            "feed_message.not_found", f"no message {message_id}", f"没有消息 {message_id}", field="message_id"
        )
    return row_to(FeedMessage, row)


_LIST_MESSAGES = f"""
SELECT {_MESSAGE} FROM feed_messages
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR feed_id = $2) AND ($3::uuid IS NULL OR incident_id = $3)
  AND ($4::text IS NULL OR state = $4) AND ($5::timestamptz IS NULL OR (queued_at, id) < ($5, $6::uuid))
ORDER BY queued_at DESC, id DESC LIMIT $7
"""


async def list_messages(
    tx: Tx,
    tenant_id: UUID,
    *,
    feed_id: UUID | None,
    incident_id: UUID | None,
    state: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[FeedMessage]:
    """Messages, newest first."""
    at, last = before or (None, None)
    rows = await tx.fetch(_LIST_MESSAGES, tenant_id, feed_id, incident_id, state, at, last, limit)
    return [row_to(FeedMessage, r) for r in rows]


_RESEND = """
UPDATE feed_messages SET state = 'queued', ended_at = NULL, due_at = $3, give_up_at = $4
WHERE tenant_id = $1 AND id = $2 AND state <> 'queued'
"""


async def queue_again(tx: Tx, tenant_id: UUID, message_id: UUID, now: datetime, give_up_at: datetime) -> None:
    """Send a message that is over again, with the same id and the same payload."""
    await tx.execute(_RESEND, tenant_id, message_id, now, give_up_at)


_DUE = "SELECT tenant_id, id FROM muster_feed_messages_due($1, $2, $3)"


async def list_due(tx: Tx, now: datetime, per_feed: int, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, message) of what is due in any tenant, free, and first of its incident in its feed."""
    return [(r["tenant_id"], r["id"]) for r in await tx.fetch(_DUE, now, per_feed, limit)]


_LEASE = f"""
UPDATE feed_messages SET lease_holder = $3, lease_until = $4, fencing = fencing + 1, attempts = attempts + 1
WHERE tenant_id = $1 AND id = (
    SELECT m.id FROM feed_messages m
    WHERE m.tenant_id = $1 AND m.id = $2 AND m.state = 'queued' AND m.due_at <= $5
      AND (m.lease_until IS NULL OR m.lease_until <= $5)
      AND NOT EXISTS (
          SELECT FROM feed_messages e
          WHERE e.tenant_id = m.tenant_id AND e.feed_id = m.feed_id AND e.incident_id = m.incident_id
            AND e.seq < m.seq AND e.state = 'queued')
    FOR NO KEY UPDATE SKIP LOCKED)
RETURNING {_MESSAGE}
"""


async def lease_message(
    tx: Tx, tenant_id: UUID, message_id: UUID, *, holder: str, until: datetime, now: datetime
) -> FeedMessage | None:
    """Take a due message; None when another has it, or an earlier one of its incident is not over."""
    row = await tx.fetchrow(_LEASE, tenant_id, message_id, holder, until, now)
    return None if row is None else row_to(FeedMessage, row)


_EARLIER = """
SELECT cap_sender AS sender, cap_identifier AS identifier, (notice->>'at')::timestamptz AS sent
FROM feed_messages
WHERE tenant_id = $1 AND feed_id = $2 AND incident_id = $3 AND seq < $4
  AND state = 'sent' AND cap_identifier IS NOT NULL
ORDER BY seq DESC LIMIT $5
"""


async def list_earlier(
    tx: Tx, tenant_id: UUID, feed_id: UUID, incident_id: UUID, seq: int, limit: int
) -> list[Reference]:
    """The newest CAP messages about the incident that the feed has got, oldest first."""
    rows = await tx.fetch(_EARLIER, tenant_id, feed_id, incident_id, seq, limit)
    return [row_to(Reference, r) for r in rows][::-1]


_KEEP_PAYLOAD = """
UPDATE feed_messages SET payload = $3, cap_identifier = $4, cap_sender = $5 WHERE tenant_id = $1 AND id = $2
"""


async def keep_payload(
    tx: Tx, tenant_id: UUID, message_id: UUID, payload: str, identifier: str | None, sender: str | None
) -> None:
    """Write what is sent: every later attempt sends the same."""
    await tx.execute(_KEEP_PAYLOAD, tenant_id, message_id, payload, identifier, sender)


_REPORT = """
UPDATE feed_messages SET state = $4, due_at = $5, ended_at = $6, last_status = $7, last_error = $8,
    lease_holder = NULL, lease_until = NULL
WHERE tenant_id = $1 AND id = $2 AND fencing = $3 AND state = 'queued'
"""


async def report(
    tx: Tx,
    message: FeedMessage,
    *,
    state: MessageState,
    due_at: datetime,
    ended_at: datetime | None,
    status: int | None,
    error: str | None,
) -> bool:
    """Write what became of an attempt; False when the lease was lost meanwhile."""
    done = await tx.execute(
        _REPORT, message.tenant_id, message.id, message.fencing, state, due_at, ended_at, status, error
    )
    return done == 1


_MARK_SENT = """
UPDATE feed_messages SET state = 'sent', ended_at = $3, last_status = $4, last_error = NULL,
    lease_holder = NULL, lease_until = NULL
WHERE tenant_id = $1 AND id = $2 AND state = 'queued'
"""


async def mark_sent(tx: Tx, tenant_id: UUID, message_id: UUID, now: datetime, status: int) -> None:
    """It was taken: a fact, whoever holds the lease by now."""
    await tx.execute(_MARK_SENT, tenant_id, message_id, now, status)


class Plant(msgspec.Struct, frozen=True):
    """What the tenant and the incident's site are called."""

    plant: Text
    site: str


_PLANT = """
SELECT t.name AS plant, s.slug AS site FROM tenants t JOIN sites s ON s.tenant_id = t.tenant_id
WHERE t.tenant_id = $1 AND s.id = $2
"""


async def get_plant(tx: Tx, tenant_id: UUID, site_id: UUID) -> Plant:
    """The names of a site that is there."""
    return row_to(Plant, await tx.fetchrow(_PLANT, tenant_id, site_id))


_PLANT_NAME = "SELECT name FROM tenants WHERE tenant_id = $1"


async def get_plant_name(tx: Tx, tenant_id: UUID) -> Text:
    """What the tenant is called."""
    return msgspec.convert(await tx.fetchval(_PLANT_NAME, tenant_id), Text)
