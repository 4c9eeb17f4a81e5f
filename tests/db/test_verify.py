"""The owner of the tables tampers with the record; verification names the place, and says nothing of a whole one."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from core import audit
from core.clock import ManualClock, SystemClock
from core.database import Database
from core.errors import Invalid
from core.settings import Settings
from incidents.record import anchors, timeline, verifying
from incidents.record.verification import Break
from muster import verify
from tests import incident_world
from tests.clusters import Clone
from tests.incident_world import World


@dataclass
class Record:
    """An incident whose timeline has six lines, the last of which closed it."""

    db: Database
    clone: Clone
    clock: ManualClock
    world: World
    owner: asyncpg.Connection

    async def broken(self) -> Break | None:
        """What verification says of the incident."""
        return (await verifying.verify_timeline(self.db, self.clone.tenant_id, self.world.incident_id)).broken

    async def audit_broken(self) -> Break | None:
        """What verification says of the audit chain."""
        return (await verifying.verify_audit(self.db, self.clone.tenant_id)).broken

    async def add(self, *kinds: str) -> None:
        """Lines, each in a transaction of its own."""
        for kind in kinds:
            async with self.db.transaction(self.clone.tenant_id) as tx:
                await timeline.append(tx, self.clone.tenant_id, self.world.incident_id, kind, {"at": 0.5})


@pytest_asyncio.fixture
async def record(clone: Clone) -> AsyncIterator[Record]:
    clock = ManualClock(SystemClock().now())
    owner = await asyncpg.connect(clone.owner_url)
    async with Database.connect(clone.app_url, clock, max_size=3) as db:
        async with db.transaction(clone.tenant_id) as tx:
            world = await incident_world.build(tx)
        made = Record(db, clone, clock, world, owner)
        await made.add("incident.opened", "alarm.raised", "task.given", "task.done", "alarm.cleared", "incident.closed")
        yield made
    await owner.close()


async def test_a_whole_record_is_whole_and_its_end_is_in_the_audit_chain(record: Record) -> None:
    verdict = await verifying.verify_timeline(record.db, record.clone.tenant_id, record.world.incident_id)
    assert (verdict.length, verdict.anchors, verdict.broken) == (6, 1, None)
    async with record.db.transaction(record.clone.tenant_id) as tx:
        rows = await audit.list_rows(tx, record.clone.tenant_id, action=anchors.ACTION, limit=9)
    assert [row.facts["position"] for row in rows] == [6]
    assert await record.audit_broken() is None


TAMPERING = {
    "changed facts": (["UPDATE timeline SET facts = '{\"at\": 1}' WHERE position = 3"], Break(3, "changed")),
    "changed time": (["UPDATE timeline SET at = at + interval '1 second' WHERE position = 2"], Break(2, "changed")),
    "changed person": (
        ["UPDATE timeline SET actor_id = incident_id WHERE position = 1"],
        Break(1, "changed"),
    ),
    "removed in the middle": (["DELETE FROM timeline WHERE position = 4"], Break(4, "missing")),
    "removed at the beginning": (["DELETE FROM timeline WHERE position = 1"], Break(1, "missing")),
    "removed at the tail": (["DELETE FROM timeline WHERE position > 4"], Break(5, "missing")),
    "removed whole": (["DELETE FROM timeline"], Break(1, "missing")),
    "removed in the middle and moved up": (
        ["DELETE FROM timeline WHERE position = 3", "UPDATE timeline SET position = position - 1 WHERE position > 3"],
        Break(3, "changed"),
    ),
    "reordered": (
        [
            "UPDATE timeline SET position = 99 WHERE position = 2",
            "UPDATE timeline SET position = 2 WHERE position = 4",
            "UPDATE timeline SET position = 4 WHERE position = 99",
        ],
        Break(2, "changed"),
    ),
    "put in": (
        [
            "UPDATE timeline SET position = position + 100 WHERE position > 3",
            "UPDATE timeline SET position = position - 99 WHERE position > 100",
            "INSERT INTO timeline SELECT tenant_id, incident_id, 4, at, actor_id, 'task.done', facts, hash"
            " FROM timeline WHERE position = 2",
        ],
        Break(4, "changed"),
    ),
    "put in at the end": (
        [
            "INSERT INTO timeline SELECT tenant_id, incident_id, 7, at, actor_id, kind, facts, hash"
            " FROM timeline WHERE position = 6"
        ],
        Break(7, "changed"),
    ),
    "tail removed and the head moved back": (
        [
            "DELETE FROM timeline WHERE position > 4",
            "UPDATE timeline_heads h SET position = 4, hash = t.hash FROM timeline t"
            " WHERE t.incident_id = h.incident_id AND t.position = 4",
        ],
        Break(6, "missing"),
    ),
    "removed whole, head too": (["DELETE FROM timeline", "DELETE FROM timeline_heads"], Break(6, "missing")),
}


@pytest.mark.parametrize("name", TAMPERING)
async def test_tampering_is_named_at_its_place(record: Record, name: str) -> None:
    statements, expected = TAMPERING[name]
    for statement in statements:
        await record.owner.execute(statement)
    assert await record.broken() == expected


async def test_a_chain_of_many_slices_is_followed_whole(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "SLICE", 2)
    assert await record.broken() is None
    await record.owner.execute("UPDATE timeline SET kind = 'x' WHERE position = 5")
    assert await record.broken() == Break(5, "changed")


async def test_the_audit_chain_misses_a_row_anywhere_its_tail_too(record: Record) -> None:
    length = await record.owner.fetchval("SELECT max(position) FROM audit")
    await record.owner.execute("DELETE FROM audit WHERE position = $1", length)
    assert await record.audit_broken() == Break(length, "missing")


async def test_a_line_waits_for_its_anchor_ten_minutes_at_most(record: Record) -> None:
    await record.add("message.late")
    assert await anchors.anchor_due(record.db) == 0
    record.clock.advance(anchors.ANCHOR_AFTER.total_seconds() + 1)
    assert await anchors.anchor_due(record.db) == 1
    assert await anchors.anchor_due(record.db) == 0
    verdict = await verifying.verify_timeline(record.db, record.clone.tenant_id, record.world.incident_id)
    assert (verdict.length, verdict.anchors, verdict.broken) == (7, 2, None)


async def test_an_export_kept_outside_shows_a_record_written_anew_whole(record: Record, tmp_path: Path) -> None:
    file = tmp_path / "anchors.jsonl"
    assert await _verify(record, tmp_path, export=file) == 0
    assert await _verify(record, tmp_path, against=file) == 0
    # Everything of the incident, head, anchors and audit chain, as if it had been otherwise from the start.
    await record.owner.execute("DELETE FROM timeline")
    await record.owner.execute("DELETE FROM timeline_heads")
    await record.owner.execute("DELETE FROM audit")
    await record.owner.execute("DELETE FROM audit_heads")
    record.clock.advance(60)
    await record.add("incident.opened", "alarm.raised", "task.given", "task.done", "alarm.cleared", "incident.closed")
    assert await record.broken() is None
    assert await record.audit_broken() is None
    assert await _verify(record, tmp_path, against=file) == 1


async def test_an_export_that_was_edited_is_refused(record: Record, tmp_path: Path) -> None:
    file = tmp_path / "anchors.jsonl"
    assert await _verify(record, tmp_path, export=file) == 0
    file.write_bytes(file.read_bytes().replace(b'"position":6', b'"position":5'))
    with pytest.raises(Invalid, match="the seal is of other lines"):
        await _verify(record, tmp_path, against=file)


async def test_the_command_prints_a_line_for_each_broken_chain(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _verify(record, tmp_path) == 0
    await record.owner.execute("DELETE FROM timeline WHERE position > 4")
    capsys.readouterr()
    assert await _verify(record, tmp_path, incident=record.world.incident_id) == 1
    said = capsys.readouterr().out
    assert f"testers incident {record.world.incident_id}: missing at position 5\n" in said
    assert "1 chains, 1 broken" in said


async def test_the_audit_trail_can_not_be_changed_by_the_application(record: Record) -> None:
    for statement in ("UPDATE timeline SET kind = 'x'", "DELETE FROM timeline", "DELETE FROM timeline_heads"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with record.db.transaction(record.clone.tenant_id) as tx:
                await tx.execute(statement)


async def _verify(
    record: Record, folder: Path, *, export: Any = None, against: Any = None, incident: UUID | None = None
) -> int:
    args = argparse.Namespace(
        tenant=record.clone.tenant_slug, incident=incident, export=export, against=against, key=""
    )
    return await verify.verify(args, Settings(database_url=record.clone.app_url, data_dir=str(folder)))
