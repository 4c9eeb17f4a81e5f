"""What every test may ask for. Async fixtures and tests share one loop for the session: see pyproject."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
import structlog

from core.clock import SystemClock
from core.database import Database, Tx, prepare_connection
from core.ids import new_id
from tests import clusters
from tests.clusters import TENANT_SLUG, Clone, Cluster

# How long an example takes says how busy the machine is: timings belong into bench/.
hypothesis.settings.register_profile("muster", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "muster")

# Traces as the interpreter writes them: the decorated ones take half a second each of the loop that is tested.
_PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _PLAIN])

IN_CI = os.environ.get("CI") == "true"
ROOT = Path(__file__).parent.parent


def absent(what: str) -> None:
    """A missing outside thing: a skip with its reason for a user, a failure where the whole check runs."""
    if IN_CI:
        pytest.fail(what)
    pytest.skip(what)


@pytest_asyncio.fixture(scope="session")
async def postgres() -> AsyncIterator[Cluster]:
    """One PostgreSQL for the run with the migrated template; MUSTER_TEST_DATABASE_URL (superuser) names another."""
    if url := os.environ.get("MUSTER_TEST_DATABASE_URL"):
        async with clusters.external(url) as cluster:
            yield cluster
        return
    folder = Path(tempfile.mkdtemp(prefix="muster-test-"))
    try:
        async with clusters.embedded(folder / "postgres") as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder)


@pytest_asyncio.fixture
async def clone(postgres: Cluster) -> AsyncIterator[Clone]:
    """A database of the test's own, for tests in which COMMIT or NOTIFY matters; one tenant in it."""
    async with clusters.cloned(postgres, "clone") as made:
        yield made


@pytest_asyncio.fixture(scope="session")
async def demo_template(postgres: Cluster) -> AsyncIterator[Clone]:
    """The migrated template with the demo plant in it, seeded once."""
    from muster.seed import seed_demo

    async with clusters.cloned(postgres, "demo") as made:
        async with Database.connect(made.app_url, max_size=2) as db:
            await seed_demo(db)
        yield made


@pytest_asyncio.fixture
async def demo_clone(postgres: Cluster, demo_template: Clone) -> AsyncIterator[Clone]:
    """A database of the test's own with the demo plant; ``tenant_id`` and ``tenant_slug`` are the demo tenant's."""
    async with clusters.cloned(postgres, "demo_clone", demo_template.name) as made:
        yield await clusters.demo_tenant_of(made)


@pytest_asyncio.fixture(scope="session")
async def worker_database(postgres: Cluster) -> AsyncIterator[Clone]:
    """The database whose tests roll back, one for each worker."""
    async with clusters.cloned(postgres, os.environ.get("PYTEST_XDIST_WORKER", "main")) as made:
        yield made


@pytest_asyncio.fixture
async def tx(worker_database: Clone) -> AsyncIterator[Tx]:
    """A transaction of the application's login in a new tenant, rolled back after the test."""
    connection = await asyncpg.connect(worker_database.app_url)
    try:
        await prepare_connection(connection)
        transaction = connection.transaction()
        await transaction.start()
        tenant_id = new_id()
        await connection.execute("SELECT set_config('muster.tenant', $1, true)", str(tenant_id))
        await clusters.insert_tenant(connection, tenant_id, f"{TENANT_SLUG}-{tenant_id}")
        yield Tx(connection, tenant_id, SystemClock().now())
        await transaction.rollback()
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The data folder beside the project: recordings that are not shipped with it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        absent(f"{folder} is not here")
    return folder
