"""Use cases of feeds: set them up, rotate their secrets, look after their messages."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Invalid
from core.ids import new_id
from incidents.record import feed, feed_queries, publishing
from incidents.record.cap import TOKEN
from incidents.record.feed import FeedKind, Network, Notice
from incidents.record.feed_queries import Feed, FeedMessage
from incidents.record.vault import Vault
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from people.service import check_version
from plant import queries as plant_queries

SITES_MAX = 100
CONTACT_MAX_CHARS = 200
# Every incident queues one message for each feed that wants it, in its own transaction.
FEEDS_MAX = 50


class FeedDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A new feed."""

    name: str
    kind: FeedKind
    url: str
    min_grade: int = 4
    sites: list[UUID] = []
    exercises: bool = False
    sender: str | None = None
    contact: str | None = None


class FeedChange(msgspec.Struct, frozen=True, kw_only=True):
    """An edit; what is UNSET stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    url: str | msgspec.UnsetType = msgspec.UNSET
    min_grade: int | msgspec.UnsetType = msgspec.UNSET
    sites: list[UUID] | msgspec.UnsetType = msgspec.UNSET
    exercises: bool | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    sender: str | msgspec.UnsetType | None = msgspec.UNSET
    contact: str | msgspec.UnsetType | None = msgspec.UNSET


class Desk:
    """What the edge holds for feeds: the vault, and the private networks that feeds may reach."""

    def __init__(self, vault: Vault, networks: Sequence[Network] = ()) -> None:
        self.vault = vault
        self.networks = tuple(networks)


async def create_feed(tx: Tx, actor: Actor, desk: Desk, draft: FeedDraft) -> tuple[Feed, str]:
    """Set up a feed; its secret is answered here and never again."""
    actor.require(Permission.MANAGE_OUTPUTS)
    known = await feed_queries.list_feeds(
        tx, actor.tenant_id, search=None, kind=None, enabled=None, after=("", UUID(int=0)), limit=FEEDS_MAX
    )
    if len(known) >= FEEDS_MAX:
        raise Conflict(
            "feed.too_many", f"there are {FEEDS_MAX} feeds already", f"已有 {FEEDS_MAX} 个输出", limit=FEEDS_MAX
        )
    made = Feed(
        tenant_id=actor.tenant_id,
        id=new_id(),
        name=draft.name,
        kind=draft.kind,
        url=draft.url,
        sender=draft.sender,
        contact=draft.contact,
        min_grade=draft.min_grade,
        sites=draft.sites,
        exercises=draft.exercises,
        enabled=True,
        disabled_why=None,
        old_secret_until=None,
        version=1,
        created_at=tx.now,
    )
    await _check(tx, made, desk.networks)
    secret = feed.write_secret(os.urandom(feed.SECRET_BYTES))
    await feed_queries.insert_feed(tx, made, desk.vault.seal(made.tenant_id, made.id, secret))
    facts = {"name": made.name, "kind": made.kind, "url": made.url, "exercises": made.exercises}
    await audit.record(tx, actor.account_id, "feed.created", "feed", made.id, facts)
    return made, secret


async def edit_feed(
    tx: Tx, actor: Actor, desk: Desk, feed_id: UUID, change: FeedChange, *, expected_version: int
) -> Feed:
    """Edit, disable or enable a feed."""
    actor.require(Permission.MANAGE_OUTPUTS)
    known = await feed_queries.get_feed(tx, actor.tenant_id, feed_id, lock=True)
    check_version(known.version, expected_version)
    fields = {f: v for f in change.__struct_fields__ if (v := getattr(change, f)) is not msgspec.UNSET}
    changed = msgspec.structs.replace(known, **fields)
    if changed.enabled:
        changed = msgspec.structs.replace(changed, disabled_why=None)
    await _check(tx, changed, desk.networks)
    saved = await feed_queries.save_feed(tx, changed)
    await audit.record(tx, actor.account_id, "feed.edited", "feed", feed_id, fields)
    return saved


async def rotate_secret(tx: Tx, actor: Actor, desk: Desk, feed_id: UUID) -> tuple[Feed, str]:
    """A new secret, answered here and never again; the old one signs beside it for a day."""
    actor.require(Permission.MANAGE_OUTPUTS)
    known = await feed_queries.get_feed(tx, actor.tenant_id, feed_id, lock=True)
    secret = feed.write_secret(os.urandom(feed.SECRET_BYTES))
    sealed = desk.vault.seal(known.tenant_id, known.id, secret)
    await feed_queries.rotate_secret(tx, known.tenant_id, known.id, sealed, tx.now + feed.OVERLAP)
    await audit.record(tx, actor.account_id, "feed.secret_rotated", "feed", feed_id, {})
    return await feed_queries.get_feed(tx, actor.tenant_id, feed_id), secret


async def get_feed(tx: Tx, actor: Actor, feed_id: UUID) -> Feed:
    """One feed; raises NotFound."""
    actor.require(Permission.READ_OUTPUTS)
    return await feed_queries.get_feed(tx, actor.tenant_id, feed_id)


async def list_feeds(
    tx: Tx,
    actor: Actor,
    *,
    search: str | None,
    kind: str | None,
    enabled: bool | None,
    after: tuple[str, UUID],
    limit: int,
) -> list[Feed]:
    """Feeds by name."""
    actor.require(Permission.READ_OUTPUTS)
    return await feed_queries.list_feeds(
        tx, actor.tenant_id, search=search, kind=kind, enabled=enabled, after=after, limit=limit
    )


async def list_messages(
    tx: Tx,
    actor: Actor,
    *,
    feed_id: UUID | None,
    incident_id: UUID | None,
    state: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[FeedMessage]:
    """Messages to feeds, newest first."""
    actor.require(Permission.READ_OUTPUTS)
    return await feed_queries.list_messages(
        tx, actor.tenant_id, feed_id=feed_id, incident_id=incident_id, state=state, before=before, limit=limit
    )


async def get_message(tx: Tx, actor: Actor, message_id: UUID) -> FeedMessage:
    """One message with what was sent; raises NotFound."""
    actor.require(Permission.READ_OUTPUTS)
    return await feed_queries.get_message(tx, actor.tenant_id, message_id)


async def resend_message(tx: Tx, actor: Actor, message_id: UUID) -> FeedMessage:
    """Send a message that is over again, with its old id and payload; one that still waits is left as it is."""
    actor.require(Permission.MANAGE_OUTPUTS)
    known = await feed_queries.get_message(tx, actor.tenant_id, message_id, lock=True)
    if known.state == "queued":
        return known
    await feed_queries.queue_again(tx, actor.tenant_id, message_id, tx.now, tx.now + feed.GIVE_UP_AFTER)
    await outbox.wake(tx, publishing.NEWS_FEED, known.feed_id)
    await audit.record(tx, actor.account_id, "feed_message.resent", "feed_message", message_id, {"was": known.state})
    return await feed_queries.get_message(tx, actor.tenant_id, message_id)


async def test_feed(tx: Tx, actor: Actor, feed_id: UUID) -> FeedMessage:
    """Queue a message that says it is a test; it goes to a disabled feed too."""
    actor.require(Permission.MANAGE_OUTPUTS)
    known = await feed_queries.get_feed(tx, actor.tenant_id, feed_id)
    notice = Notice(
        event="test",
        at=tx.now,
        plant=await feed_queries.get_plant_name(tx, actor.tenant_id),
        exercise=False,
        incident=None,
        number=0,
        site=None,
        grade=4,
        state="open",
        title=Text("测试消息", "Test message"),
        place=Text("无", "nowhere"),
        agent=None,
        reasons=[],
        opened_at=tx.now,
        area=None,
    )
    message = await publishing.queue(tx, actor.tenant_id, known.id, notice, seq=0)
    await audit.record(tx, actor.account_id, "feed.tested", "feed", feed_id, {"message": message.id})
    return message


async def _check(tx: Tx, it: Feed, networks: Sequence[Network]) -> None:
    """Raise Invalid or NotFound naming what is wrong with a feed."""
    if not it.name.strip() or len(it.name) > 200:
        raise Invalid("feed.name", "a name has 1 to 200 characters", "名称为 1 至 200 个字符", field="name", limit=200)
    if not 1 <= it.min_grade <= 4:
        raise Invalid(
            "feed.min_grade", "a grade is 1 to 4", "等级为 1 至 4", field="min_grade", value=it.min_grade, limit=4
        )
    parts = feed.check_url(it.url)
    try:
        literal = ipaddress.ip_address(str(parts.hostname))
    except ValueError:
        literal = None  # a name is judged by what it resolves to, at every attempt
    if literal is not None:
        feed.check_address(str(literal), networks, plain=parts.scheme == "http")
    if it.sender is not None and not TOKEN.fullmatch(it.sender):
        raise Invalid(
            "feed.sender",
            "a CAP sender has 1 to 200 characters and no spaces, commas, < or & (CAP 1.2, 3.2.1)",
            "CAP 发送者为 1 至 200 个字符，不含空格、逗号、< 或 &（CAP 1.2，3.2.1）",
            field="sender",
            value=it.sender,
            limit=TOKEN.pattern,
        )
    if it.contact is not None and not 0 < len(it.contact) <= CONTACT_MAX_CHARS:
        raise Invalid(
            "feed.contact",
            f"a contact has 1 to {CONTACT_MAX_CHARS} characters",
            f"联系方式为 1 至 {CONTACT_MAX_CHARS} 个字符",
            field="contact",
            limit=CONTACT_MAX_CHARS,
        )
    if len(it.sites) > SITES_MAX:
        raise Invalid(
            "feed.sites", f"at most {SITES_MAX} sites", f"最多 {SITES_MAX} 个厂区", field="sites", limit=SITES_MAX
        )
    for site_id in it.sites:
        await plant_queries.get_site(tx, it.tenant_id, site_id)
