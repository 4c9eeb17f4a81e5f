"""Sends what is queued for feeds, by leases: any number of processes share the work.

Killed before ``take`` commits: nothing happened. Killed after it, or after the receiver took it and before ``report``:
the lease runs out and the same bytes go out again with the same id. A message waits for the earlier ones of its
incident and feed, so an Update never overtakes its Alert.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core import audit
from core.database import Database, Tx
from core.errors import Unavailable
from core.ids import new_id
from core.logging import get_logger
from core.metrics import counter
from core.outbox import Listener
from core.outlet import Output, Released, release
from incidents.record import cap, feed, feed_queries
from incidents.record.feed import Notice
from incidents.record.feed_post import POST_TIMEOUT_S, Answer, Poster
from incidents.record.feed_queries import Feed, FeedMessage, SealedSecrets
from incidents.record.publishing import NEWS_FEED
from incidents.record.vault import Vault

log = get_logger(__name__)

IN_HAND_MAX = 16
# Of one feed: one that hangs holds a quarter.
PER_FEED_MAX = 4
POLL_S = 1.0
RETRY_S = 0.5
# The slowest post, and time to write what became of it.
LEASE = timedelta(seconds=POST_TIMEOUT_S + 5)
# CAP consumers want the messages an update replaces; the newest say it all.
REFERENCES_MAX = 50

POSTS = counter("feed_posts", "Attempts to tell a feed, by kind and outcome.", ("kind", "outcome"))
FAULTS = counter("feed_faults", "Feed messages that stopped at an unexpected error and are taken again.")


class Posting(msgspec.Struct, frozen=True):
    """A leased attempt: what goes where, with whose leave."""

    message: FeedMessage
    feed: Feed
    headers: dict[str, str]
    body: bytes
    released: Released


class FeedSender:
    """Works until cancelled; ``sweep`` does once what is due now."""

    def __init__(self, db: Database, poster: Poster, vault: Vault, *, seed: int | None = None) -> None:
        self._db = db
        self._poster = poster
        self._vault = vault
        self._holder = f"feeds-{new_id()}"
        self._random = random.Random(seed)  # noqa: S311 - spreads repeats, hides nothing
        self._in_hand: set[UUID] = set()

    async def run(self, listener: Listener, stopping: asyncio.Event) -> None:
        """Send until ``stopping``; what is in hand then is finished."""
        woken = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            helpers = [tasks.create_task(_listen(listener, woken)), tasks.create_task(_wake_on(stopping, woken))]
            while not stopping.is_set():
                woken.clear()
                pause_s = await self._start_due(tasks, woken)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await woken.wait()
            for helper in helpers:
                helper.cancel()

    async def sweep(self) -> int:
        """Send everything due now, again and again until nothing is; returns how many attempts were made."""
        count = 0
        while due := await self._list_due():
            await asyncio.gather(*(self._handle(tenant, message) for tenant, message in due))
            count += len(due)
        return count

    async def _start_due(self, tasks: asyncio.TaskGroup, woken: asyncio.Event) -> float:
        try:
            room = IN_HAND_MAX - len(self._in_hand)
            due = await self._list_due() if room > 0 else []
        except Unavailable as problem:
            log.warning("feeds.waiting_for_database", error=str(problem))
            return RETRY_S
        for tenant_id, message_id in [d for d in due if d[1] not in self._in_hand][:room]:
            self._in_hand.add(message_id)
            tasks.create_task(self._work(tenant_id, message_id, woken))
        return POLL_S

    async def _work(self, tenant_id: UUID, message_id: UUID, woken: asyncio.Event) -> None:
        try:
            # The next message about the incident may go now.
            if await self._handle(tenant_id, message_id):
                woken.set()
        except Unavailable as problem:
            log.warning("feeds.interrupted", message=str(message_id), error=str(problem))
        except Exception:
            # One message that trips over a fault of ours must not keep the others from being sent.
            FAULTS.inc()
            log.exception("feeds.fault", message=str(message_id))
        finally:
            self._in_hand.discard(message_id)

    async def _handle(self, tenant_id: UUID, message_id: UUID) -> bool:
        """One attempt; True when the message is over."""
        posting = await self.take(tenant_id, message_id)
        if posting is None:
            return False
        answer = await self._poster.post(posting.feed.url, posting.headers, posting.body, posting.released)
        return await self.report(posting, answer)

    async def _list_due(self) -> list[tuple[UUID, UUID]]:
        async with self._db.transaction(None) as tx:
            return await feed_queries.list_due(tx, tx.now, PER_FEED_MAX, IN_HAND_MAX)

    async def take(self, tenant_id: UUID, message_id: UUID) -> Posting | None:
        """Lease a due message and make what is sent; None when it is another's, or over without being sent."""
        async with self._db.transaction(tenant_id) as tx:
            message = await feed_queries.lease_message(
                tx, tenant_id, message_id, holder=self._holder, until=tx.now + LEASE, now=tx.now
            )
            if message is None:
                return None
            target = await feed_queries.get_feed(tx, tenant_id, message.feed_id)
            # A drill's message says so wherever it goes: nobody but this decides, and the builders take its answer.
            released = release(Output.FEED, exercise=message.exercise)
            why_not = "the feed is disabled" if not target.enabled and message.event != "test" else None
            payload = message.payload
            if why_not is None and payload is None:
                payload, why_not = await self._make(tx, message, target, released)
            if payload is None or why_not is not None:
                await _end(tx, message, why_not)
                return None
            sealed = await feed_queries.get_secrets(tx, tenant_id, message.feed_id)
            try:
                secrets = self._open(message, sealed, tx.now)
            except Unavailable as problem:
                # Said where a person looks, and later again: as an error it would be taken again at once, for ever.
                failure = Answer(None, problem.en)
                await self._write_failure(tx, message, failure, over=tx.now >= message.give_up_at)
                return None
            headers = feed.sign(secrets, str(message.id), tx.now, payload.encode())
        kind = "application/cap+xml" if target.kind == "cap" else "application/json"
        return Posting(
            message, target, {**headers, "Content-Type": f"{kind}; charset=utf-8"}, payload.encode(), released
        )

    async def report(self, posting: Posting, answer: Answer) -> bool:
        """Write what became of an attempt; True when the message is over."""
        message, now = posting.message, self._db.clock.now()
        over = answer.taken or answer.status == 410 or now >= message.give_up_at
        outcome = "sent" if answer.taken else "failed" if over else "retried"
        POSTS.labels(posting.feed.kind, outcome).inc()
        log.info(
            "feed.posted", message=str(message.id), feed=str(message.feed_id), status=answer.status, outcome=outcome
        )
        async with self._db.transaction(message.tenant_id) as tx:
            if answer.taken:
                assert answer.status is not None
                await feed_queries.mark_sent(tx, message.tenant_id, message.id, tx.now, answer.status)
                return True
            await self._write_failure(tx, message, answer, over=over)
            if answer.status == 410:
                await _disable(tx, message)
        return over

    async def _make(
        self, tx: Tx, message: FeedMessage, target: Feed, released: Released
    ) -> tuple[str | None, str | None]:
        """The payload, kept for every later attempt; or why there is nothing to send."""
        notice = msgspec.convert(message.notice, Notice)
        if target.kind == "webhook":
            payload = feed.webhook_body(notice, released)
            await feed_queries.keep_payload(tx, message.tenant_id, message.id, payload, None, None)
            return payload, None
        earlier: Sequence[cap.Reference] = []
        if message.incident_id is not None:
            earlier = await feed_queries.list_earlier(
                tx, message.tenant_id, target.id, message.incident_id, message.seq, REFERENCES_MAX
            )
        if not earlier and notice.event in feed.ENDINGS:
            return None, "nothing earlier about the incident reached the feed: there is nothing to end"
        sender = target.sender or f"urn:uuid:{message.tenant_id}"
        payload = cap.build_alert(
            notice, released, identifier=str(message.id), sender=sender, contact=target.contact, earlier=earlier
        )
        await feed_queries.keep_payload(tx, message.tenant_id, message.id, payload, str(message.id), sender)
        return payload, None

    def _open(self, message: FeedMessage, sealed: SealedSecrets, now: datetime) -> list[str]:
        """The secrets that sign, newest first; raises Unavailable when the newest can not be opened."""
        secrets = [self._vault.open(message.tenant_id, message.feed_id, sealed.secret)]
        if sealed.old_secret is not None and sealed.old_secret_until is not None and now < sealed.old_secret_until:
            # One that nobody can open is what the new one is there for.
            with contextlib.suppress(Unavailable):
                secrets.append(self._vault.open(message.tenant_id, message.feed_id, sealed.old_secret))
        return secrets

    async def _write_failure(self, tx: Tx, message: FeedMessage, answer: Answer, *, over: bool) -> None:
        wait_s = feed.retry_delay_s(message.attempts, self._random.random(), answer.retry_after_s)
        await feed_queries.report(
            tx,
            message,
            state="failed" if over else "queued",
            due_at=tx.now + timedelta(seconds=wait_s),
            ended_at=tx.now if over else None,
            status=answer.status,
            error=answer.error,
        )


async def _end(tx: Tx, message: FeedMessage, why: str | None) -> None:
    await feed_queries.report(
        tx, message, state="failed", due_at=message.due_at, ended_at=tx.now, status=None, error=why
    )


async def _disable(tx: Tx, message: FeedMessage) -> None:
    """410 Gone: the receiver wants no more (Standard Webhooks); a person sees it and can enable it again."""
    target = await feed_queries.get_feed(tx, message.tenant_id, message.feed_id, lock=True)
    if not target.enabled:
        return
    gone = msgspec.structs.replace(target, enabled=False, disabled_why="the receiver answered 410 Gone")
    await feed_queries.save_feed(tx, gone)
    await audit.record(tx, None, "feed.disabled", "feed", target.id, {"why": gone.disabled_why})


async def _listen(listener: Listener, woken: asyncio.Event) -> None:
    async with listener.subscribe({NEWS_FEED}) as news:
        async for _ in news:
            woken.set()


async def _wake_on(stopping: asyncio.Event, woken: asyncio.Event) -> None:
    await stopping.wait()
    woken.set()
