"""The outbox wakes its listeners, the audit chain shows a break, the unit of work keeps its tenant."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from core import audit, outbox
from core.database import Database, Tx
from core.errors import Unavailable
from core.outbox import Listener, News


async def test_news_wakes_a_listener_when_it_commits_and_not_before(clone: Any) -> None:
    async with Database.connect(clone.app_url) as db, asyncio.TaskGroup() as tasks:
        listener = Listener(clone.app_url)
        running = tasks.create_task(listener.run())
        async with listener.subscribe({"alarm.raised"}) as news:
            await asyncio.wait_for(listener.listening.wait(), 10)
            async with db.transaction(clone.tenant_id) as tx:
                await outbox.append(tx, "other.kind", "1")
                await outbox.append(tx, "alarm.raised", "42")
            heard = await _until(news, "alarm.raised")
            assert heard == News("alarm.raised", clone.tenant_id, "42")
        running.cancel()


async def test_a_listener_that_lost_its_connection_tells_its_reader_to_look_again(clone: Any) -> None:
    async with asyncio.TaskGroup() as tasks:
        listener = Listener(clone.app_url)
        running = tasks.create_task(listener.run())
        async with listener.subscribe({"x"}) as news:
            await asyncio.wait_for(listener.listening.wait(), 10)
            await _drain(listener)
            owner = await asyncpg.connect(clone.owner_url)
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'muster-listener' AND datname = current_database()"
            )
            await owner.close()
            assert (await _until(news, outbox.RESYNC)).kind == outbox.RESYNC
        running.cancel()


async def test_an_audit_row_changed_later_breaks_the_chain_at_its_place(clone: Any) -> None:
    async with Database.connect(clone.app_url) as db:
        async with db.transaction(clone.tenant_id) as tx:
            for n in range(5):
                await audit.record(tx, None, "thing.changed", "thing", n, {"n": n})
        async with db.transaction(clone.tenant_id) as tx:
            assert await audit.find_break(tx, clone.tenant_id) is None
        owner = await asyncpg.connect(clone.owner_url)
        await owner.execute("UPDATE audit SET facts = '{\"n\": 99}' WHERE position = 3")
        await owner.close()
        async with db.transaction(clone.tenant_id) as tx:
            assert await audit.find_break(tx, clone.tenant_id) == 3


async def test_the_application_may_not_change_what_it_recorded(tx: Tx) -> None:
    await audit.record(tx, None, "thing.changed", "thing", 1)
    await tx.finish()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tx.execute("DELETE FROM audit")


async def test_a_login_that_could_see_all_tenants_is_refused(clone: Any) -> None:
    with pytest.raises(Unavailable, match="bypass row-level security"):
        async with Database.connect(clone.owner_url):
            pass


async def _until(news: Any, kind: str) -> News:
    async with asyncio.timeout(10):
        async for item in news:
            if item.kind == kind:
                found: News = item
                return found
    raise AssertionError("the listener ended")


async def _drain(listener: Listener) -> None:
    for reader in listener._readers:
        while not reader.queue.empty():
            reader.queue.get_nowait()


async def test_a_statement_of_ours_that_can_not_be_sent_is_no_absence_of_the_server(clone: Any) -> None:
    async with Database.connect(clone.app_url) as db:
        with pytest.raises(RuntimeError, match="expects 1 argument"):
            async with db.transaction(clone.tenant_id) as tx:
                await tx.fetchval("SELECT $1::int")


async def test_a_connection_that_is_cut_in_the_middle_is_an_absence_of_the_server(clone: Any) -> None:
    async with Database.connect(clone.app_url) as db:
        with pytest.raises(Unavailable, match="does not answer"):
            async with db.transaction(clone.tenant_id) as tx:
                await tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")
