"""Who may speak to the broker: every device's login of every tenant, and the files of a mosquitto of one's own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.clock import SystemClock
from core.database import Database
from core.device_secret import hash_secret
from core.errors import Invalid
from core.outbox import Listener
from core.settings import Settings
from muster.engines.access import GATEWAY, AccessFiles, DeviceLogin
from plant import queries

# News that changes who may speak to the broker.
NEWS_DEVICES = ("device.changed", "plant.changed")


async def list_logins(db: Database) -> list[DeviceLogin]:
    """Every device that may speak to the broker, of every tenant."""
    async with db.transaction(None) as tx:
        tenants = [row[0] for row in await tx.fetch("SELECT muster_tenant_ids()")]
    found = []
    for tenant_id in tenants:
        async with db.transaction(tenant_id) as tx:
            for login in await queries.list_device_logins(tx, tenant_id):
                found.append(DeviceLogin(login.username, login.secret_hash))
    return found


async def run_access(settings: Settings, folder: Path, *, watch: bool) -> int:
    """The command ``muster access``: write mosquitto's password_file and acl_file, with ``watch`` after every change.

    mosquitto reads them again on SIGHUP, which is left to whoever runs it. Raises Invalid when MUSTER_MQTT_URL does not
    name the gateway's login.
    """
    gateway = _gateway(settings.mqtt_url)
    folder.mkdir(parents=True, exist_ok=True)
    files = AccessFiles(folder)
    async with Database.connect(settings.database_url, SystemClock(), max_size=2) as db:
        await _write(files, gateway, db)
        if watch:
            await _follow(files, gateway, db, settings)
    return 0


async def _write(files: AccessFiles, gateway: DeviceLogin, db: Database) -> None:
    logins = await list_logins(db)
    files.write([gateway, *logins])
    print(f"{len(logins)} devices and the gateway: {files.passwords} {files.acl}", flush=True)


async def _follow(files: AccessFiles, gateway: DeviceLogin, db: Database, settings: Settings) -> None:
    listener = Listener(settings.database_url)
    async with asyncio.TaskGroup() as tasks, listener.subscribe(NEWS_DEVICES) as news:
        tasks.create_task(listener.run())
        async for _ in news:
            await _write(files, gateway, db)


def _gateway(url: str) -> DeviceLogin:
    parts = urlsplit(url)
    if parts.username != GATEWAY or not parts.password:
        raise Invalid(
            "access.gateway",
            f"MUSTER_MQTT_URL names the gateway's login: mqtt://{GATEWAY}:PASSWORD@host:port",
            field="MUSTER_MQTT_URL",
            value=parts.username,
            limit=GATEWAY,
        )
    return DeviceLogin(GATEWAY, hash_secret(unquote(parts.password)))
