"""Migrations: forward only, once, unchanged; and equal to the schema people read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict
from migrations import runner
from migrations.dump import SCHEMA_FILE, dump_schema


async def test_the_migrations_give_the_written_schema(clone: Any) -> None:
    written = SCHEMA_FILE.read_text(encoding="utf-8")
    assert dump_schema(clone.owner_url) == written, "run: python -m migrations.dump"


async def test_applying_twice_changes_nothing(clone: Any) -> None:
    assert await runner.migrate(clone.owner_url) == []


async def test_a_file_that_changed_after_it_was_applied_stops_the_run(
    clone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in runner.files():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "0001_foundation.sql").write_text("SELECT 1;")
    monkeypatch.setattr(runner, "SQL_DIR", tmp_path)
    with pytest.raises(Conflict, match=r"0001_foundation\.sql was applied and has changed"):
        await runner.migrate(clone.owner_url)


async def test_a_database_newer_than_the_program_stops_the_run(
    clone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SQL_DIR", tmp_path)
    with pytest.raises(Conflict, match="does not know"):
        await runner.migrate(clone.owner_url)


async def test_a_failing_file_leaves_nothing_behind(
    clone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in runner.files():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "9999_broken.sql").write_text("CREATE TABLE half (x int); SELECT 1/0;")
    monkeypatch.setattr(runner, "SQL_DIR", tmp_path)
    with pytest.raises(Exception, match="division by zero"):
        await runner.migrate(clone.owner_url)
    assert "CREATE TABLE public.half" not in dump_schema(clone.owner_url)
