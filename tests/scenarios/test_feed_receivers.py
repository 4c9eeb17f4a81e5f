"""A courier process killed while a feed has its message and has not answered: the next sends the same message."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.database import Database
from incidents import queries
from incidents.record import feed, feed_queries, feed_service, publishing
from incidents.record.feed import read_networks
from incidents.record.feed_service import Desk, FeedDraft
from incidents.record.vault import Vault
from people.permissions import Role
from tests import incident_world
from tests.clusters import Clone
from tests.conftest import ROOT
from tests.receivers import receiving

LOOPBACK = "127.0.0.0/8"
# A courier starts in about 2 s; two busy cores may double that.
PATIENCE_S = 30.0

pytestmark = pytest.mark.scenario


async def test_kill_9_between_a_send_and_its_answer_repeats_the_same_message(clone: Clone, tmp_path: Path) -> None:
    desk = Desk(Vault(tmp_path / "keys"), read_networks(LOOPBACK))
    async with Database.connect(clone.app_url, max_size=2) as db, receiving() as receiver:
        async with db.transaction(clone.tenant_id) as tx:
            world = await incident_world.build(tx)
            draft = FeedDraft(name="SCADA", kind="cap", url=receiver.url)
            admin = world.actor(world.li, Role.ADMIN)
            _, secret = await feed_service.create_feed(tx, admin, desk, draft)
            incident = await queries.lock_incident(tx, clone.tenant_id, world.incident_id)
            await publishing.publish(tx, incident, "incident.opened")
            await publishing.publish(tx, incident, "incident.regraded")
        receiver.answers = ["hang"]
        async with _courier(clone, tmp_path) as first:
            await receiver.until(1)
            first.send_signal(signal.SIGKILL)
            await first.wait()
        # Past the dead one's lease.
        async with _courier(clone, tmp_path, ahead_s=60):
            once, again, update = await receiver.until(3)
            await _until_sent(db, clone, 2)
    assert (once.body, once.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])
    assert b"<msgType>Alert</msgType>" in again.body
    assert b"<msgType>Update</msgType>" in update.body
    assert again.headers["webhook-id"].encode() in update.body
    assert feed.verify(secret, once.headers, once.body, db.clock.now())


@asynccontextmanager
async def _courier(clone: Clone, folder: Path, *, ahead_s: float = 0) -> AsyncIterator[asyncio.subprocess.Process]:
    environ = {
        **os.environ,
        "MUSTER_DATABASE_URL": clone.app_url,
        "MUSTER_OWNER_DATABASE_URL": clone.owner_url,
        "MUSTER_DATA_DIR": str(folder),
        "MUSTER_FEED_NETWORKS": LOOPBACK,
        "MUSTER_CLOCK_OFFSET_S": str(ahead_s),
    }
    courier = await asyncio.create_subprocess_exec(sys.executable, "-m", "muster", "courier", cwd=ROOT, env=environ)
    try:
        yield courier
    finally:
        if courier.returncode is None:
            courier.terminate()
            assert await courier.wait() == 0


async def _until_sent(db: Database, clone: Clone, count: int) -> None:
    """Wait for the courier to have written that so many were taken."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with db.transaction(clone.tenant_id) as tx:
                sent = await feed_queries.list_messages(
                    tx, clone.tenant_id, feed_id=None, incident_id=None, state="sent", before=None, limit=9
                )
            if len(sent) == count:
                return
            await asyncio.sleep(0.1)
