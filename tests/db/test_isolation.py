"""Promise 5: no tenant sees another, by the database and not by remembering a WHERE."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.database import Database
from core.ids import new_id

# Tables that belong to the installation, not to a tenant; the application's login has no rights on them.
OURS_ALONE = {"schema_migrations", "gateways"}


async def _tables(owner_url: str) -> list[Any]:
    connection = await asyncpg.connect(owner_url)
    try:
        return list(
            await connection.fetch(
                """
                SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relispartition,
                       has_table_privilege('muster_app', c.oid, 'SELECT') AS readable,
                       (SELECT a.attname FROM pg_index i JOIN pg_attribute a
                         ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
                         WHERE i.indrelid = c.oid AND i.indisprimary) AS first_key
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY c.relname
                """
            )
        )
    finally:
        await connection.close()


async def test_every_table_forces_row_security_and_leads_its_key_with_the_tenant(clone: Any) -> None:
    tables = await _tables(clone.owner_url)
    assert len(tables) > 20
    for table in tables:
        name = table["relname"]
        if name in OURS_ALONE:
            assert not table["readable"], f"{name} is readable by the application"
            continue
        assert table["relrowsecurity"], f"{name} has no row-level security"
        assert table["relforcerowsecurity"], f"{name} does not force it"
        if not table["relispartition"]:
            assert table["first_key"] == "tenant_id", f"{name}'s key starts with {table['first_key']}"


async def test_every_index_starts_with_the_tenant_but_block_ranges_of_time(clone: Any) -> None:
    connection = await asyncpg.connect(clone.owner_url)
    rows = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef NOT LIKE '%USING brin%'"
    )
    await connection.close()
    wrong = [
        r["indexname"]
        for r in rows
        if "(tenant_id" not in r["indexdef"]
        and not any(r["indexname"].startswith(name) for name in (*OURS_ALONE, "tenants_slug"))
    ]
    assert wrong == []


async def test_without_a_tenant_raw_sql_sees_zero_rows_in_every_table(demo_clone: Any) -> None:
    connection = await asyncpg.connect(demo_clone.app_url)
    try:
        for table in await _tables(demo_clone.owner_url):
            try:
                count = await connection.fetchval(f'SELECT count(*) FROM "{table["relname"]}"')
            except asyncpg.InsufficientPrivilegeError:
                continue
            assert count == 0, f"{table['relname']} shows {count} rows without a tenant"
    finally:
        await connection.close()


async def test_another_tenant_sees_and_changes_nothing(demo_clone: Any) -> None:
    async with Database.connect(demo_clone.app_url) as db:
        other = await _other_tenant(demo_clone.owner_url)
        for table in await _tables(demo_clone.owner_url):
            name = table["relname"]
            if not table["readable"] or name == "tenants":
                continue
            async with db.transaction(other) as tx:
                assert await tx.fetchval(f'SELECT count(*) FROM "{name}"') == 0, f"{name} leaks"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.transaction(other) as tx:
                await tx.execute(
                    "INSERT INTO outbox (tenant_id, id, kind, key, payload, created_at)"
                    " VALUES ($1, $2, 'x', 'x', '{}', $3)",
                    demo_clone.tenant_id,
                    new_id(),
                    tx.now,
                )


async def test_the_application_can_not_become_somebody_who_sees_all(clone: Any) -> None:
    connection = await asyncpg.connect(clone.app_url)
    try:
        for statement in (
            "SET ROLE muster_owner",
            "SET row_security = off; SELECT count(*) FROM outbox",
            "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY",
            "CREATE TABLE mine (x int)",
        ):
            with pytest.raises(asyncpg.PostgresError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def _other_tenant(owner_url: str) -> UUID:
    tenant = new_id()
    connection = await asyncpg.connect(owner_url)
    await connection.execute(
        "INSERT INTO tenants (tenant_id, slug, name, created_at) VALUES ($1, 'other', '{}', clock_timestamp())", tenant
    )
    await connection.close()
    return tenant
