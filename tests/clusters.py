"""The tests' PostgreSQL: one cluster a run, one migrated template, and databases cloned from it."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import msgspec

from core.ids import new_id
from migrations.runner import migrate
from muster.engines.postgres import APP, Postgres

# The run's own suffix, so that two runs on one external server do not share databases.
_RUN = f"{os.getpid()}_{secrets.token_hex(3)}"
_numbers = itertools.count(1)
# The tests kill processes, never the machine: what the system's cache holds is enough, and three times as fast.
UNSYNCED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}

TENANT_SLUG = "testers"
_INSERT_TENANT = (
    "INSERT INTO tenants (tenant_id, slug, name, locale, created_at)"
    ' VALUES ($1, $2, \'{"zh": "测试厂", "en": "Test plant"}\', \'zh-CN\', clock_timestamp())'
)


class Cluster(msgspec.Struct, frozen=True):
    """A running server: addresses of its maintenance database for both logins, and the template's name."""

    owner_url: str
    app_url: str
    template: str = f"muster_template_{_RUN}"

    def owner_url_of(self, database: str) -> str:
        """The owner's address of one database."""
        return with_database(self.owner_url, database)

    def app_url_of(self, database: str) -> str:
        """The application's address of one database."""
        return with_database(self.app_url, database)


class Clone(msgspec.Struct, frozen=True):
    """A migrated database of its own with one committed tenant."""

    owner_url: str
    app_url: str
    name: str
    tenant_id: UUID
    tenant_slug: str = TENANT_SLUG


def with_database(url: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path="/" + database))


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[Cluster]:
    """A cluster in ``folder``, migrated template included."""
    async with Postgres.start(folder, options=UNSYNCED) as server:
        cluster = Cluster(server.owner_url, server.app_url)
        await make_template(cluster)
        yield cluster


@asynccontextmanager
async def external(owner_url: str) -> AsyncIterator[Cluster]:
    """A server of the user's, superuser address given; the login muster_app gets a new password for this run."""
    password = secrets.token_urlsafe(24)
    await _execute(
        owner_url,
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP}') "
        f"THEN CREATE ROLE {APP}; END IF; END $$",
        f"ALTER ROLE {APP} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{password}'",
    )
    where = urlsplit(owner_url)
    address = f"{APP}:{quote(password)}@{where.hostname}:{where.port or 5432}"
    cluster = Cluster(owner_url, urlunsplit(where._replace(netloc=address)))
    await make_template(cluster)
    try:
        yield cluster
    finally:
        await _execute(owner_url, f'DROP DATABASE "{cluster.template}" WITH (FORCE)')


async def make_template(cluster: Cluster) -> None:
    """Migrate once; a clone of the result costs some 50 ms where migrating costs a second."""
    await _execute(cluster.owner_url, f'CREATE DATABASE "{cluster.template}"')
    await migrate(cluster.owner_url_of(cluster.template))


@asynccontextmanager
async def cloned(cluster: Cluster, kind: str, template: str | None = None) -> AsyncIterator[Clone]:
    """A database cloned from the template, dropped at the end, whoever is still connected."""
    name = f"muster_{kind}_{_RUN}_{next(_numbers)}"
    await _execute(cluster.owner_url, f'CREATE DATABASE "{name}" TEMPLATE "{template or cluster.template}"')
    clone = Clone(cluster.owner_url_of(name), cluster.app_url_of(name), name, new_id())
    try:
        if template is None:
            connection = await asyncpg.connect(clone.owner_url)
            await insert_tenant(connection, clone.tenant_id, TENANT_SLUG)
            await connection.close()
        yield clone
    finally:
        await _execute(cluster.owner_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def demo_tenant_of(clone: Clone) -> Clone:
    """The same database, naming its demo tenant instead of the test's."""
    connection = await asyncpg.connect(clone.owner_url)
    row = await connection.fetchrow("SELECT tenant_id, slug FROM tenants WHERE slug <> $1 ORDER BY slug", TENANT_SLUG)
    await connection.close()
    assert row is not None
    return msgspec.structs.replace(clone, tenant_id=row["tenant_id"], tenant_slug=row["slug"])


async def insert_tenant(connection: Any, tenant_id: UUID, slug: str) -> None:
    """A tenant to work in; row-level security needs the setting ``muster.tenant`` to name it already."""
    await connection.execute(_INSERT_TENANT, tenant_id, slug)


async def _execute(url: str, *statements: str) -> None:
    """Each outside of a transaction, as CREATE and DROP DATABASE ask."""
    connection = await asyncpg.connect(url)
    try:
        for sql in statements:
            await connection.execute(sql)
    finally:
        await connection.close()
