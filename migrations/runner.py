"""Apply the SQL files in order, each once, each in its own transaction.

Forward only. A file that was applied and has changed since stops the run: its checksum is stored. One
runner at a time holds an advisory lock; ``lock_timeout`` keeps a migration from queueing behind a long
reader and blocking everyone behind itself.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import asyncpg

from core.errors import Conflict

SQL_DIR = Path(__file__).parent / "sql"
_NAME = re.compile(r"^\d{4}_[a-z0-9_]+\.sql$")
# Any constant will do as long as nobody else in the database uses it: the letters "muster" as a number.
_ADVISORY_LOCK = 0x6D7573746572
# Waiting longer for a table lock would stop the plant's writers behind us.
_LOCK_TIMEOUT = "5s"

_CREATE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


def files() -> list[Path]:
    """The migration files in the order they apply."""
    found = sorted(SQL_DIR.glob("*.sql"))
    for path in found:
        if not _NAME.match(path.name):
            raise Conflict("migration.name", f"{path.name} is not NNNN_name.sql", field="name", value=path.name)
    return found


def checksum(path: Path) -> str:
    """SHA-256 of the file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def migrate(owner_url: str) -> list[str]:
    """Apply what is missing; returns the names applied. Raises Conflict for a changed or unknown file."""
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _ADVISORY_LOCK)
        await connection.execute(_CREATE)
        applied = {
            r["name"]: r["checksum"] for r in await connection.fetch("SELECT name, checksum FROM schema_migrations")
        }
        known = files()
        _check(applied, known)
        done = []
        for path in known:
            if path.name not in applied:
                await _apply(connection, path)
                done.append(path.name)
        return done
    finally:
        await connection.close()


def _check(applied: dict[str, str], known: list[Path]) -> None:
    names = {path.name for path in known}
    for name in sorted(applied.keys() - names):
        raise Conflict("migration.unknown", f"the database has {name}, which this version does not know", value=name)
    for path in known:
        if path.name in applied and applied[path.name] != checksum(path):
            raise Conflict("migration.changed", f"{path.name} was applied and has changed since", value=path.name)


async def _apply(connection: asyncpg.Connection[asyncpg.Record], path: Path) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        await connection.execute(path.read_text(encoding="utf-8"))
        await connection.execute(
            "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", path.name, checksum(path)
        )
