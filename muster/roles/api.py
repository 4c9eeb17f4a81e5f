"""``muster api``: HTTP and rooms on the one public port."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext

import uvicorn

from api.app import build_app
from api.deps import ApiDeps
from core.device_ca import DeviceCa
from core.file_store import DiskFiles
from core.settings import Settings
from core.worker import apart
from incidents.reaching.delivery import DeliveryPolicy
from incidents.record.feed import read_networks
from incidents.record.feed_service import Desk
from incidents.record.rendering import PdfPress
from incidents.record.vault import Vault
from muster.process import Process
from muster.warming import Warming
from people.authenticator import Authenticator
from people.passwords import Passwords
from people.tokens import Tokens
from plant.places.site_maps import SiteMaps
from realtime.asgi import server_config, with_live
from realtime.edge import Edge
from realtime.incident_ports import incident_ports
from realtime.web_push import load_vapid_key
from realtime.web_push_message import public_key

# Keys are looked at this often; they live for days.
ROTATE_EVERY_S = 3600.0


async def main(process: Process) -> None:
    """Serve until the process stops; sockets are closed with a code that tells phones to resume elsewhere."""
    tokens = Tokens(process.settings.keys_dir, process.db.clock)
    authenticator = Authenticator(process.db, tokens)
    edge = Edge(process.db, process.listener, incident_ports(authenticator))
    device_ca = DeviceCa(process.settings.keys_dir)
    settings = process.settings
    warming = Warming(settings.data_path)
    deps = ApiDeps(
        process.db,
        tokens,
        Passwords(),
        authenticator,
        process.checks,
        device_ca=device_ca,
        files=DiskFiles(settings.files_dir),
        web_push_key=_web_push_key(settings),
        web_push_hosts=tuple(settings.web_push_hosts.split(",")),
        policy=DeliveryPolicy(settings.receipt_timeout_s, settings.acknowledge_timeout_s),
        press=PdfPress(settings.font_dir),
        feeds=Desk(Vault(settings.keys_dir), read_networks(settings.feed_networks)),
        maps=SiteMaps(process.db, warming.ready),
    )
    http = build_app(deps)
    config = server_config(with_live(http, edge), host=process.settings.http_host, port=process.settings.http_port)
    server = _Server(config)
    async with asyncio.TaskGroup() as group:
        live = group.create_task(edge.run())
        compiling = group.create_task(apart("warming", warming.ready))
        rotating = group.create_task(_rotate_keys(tokens))
        serving = group.create_task(server.serve())
        await process.stopping.wait()
        server.should_exit = True
        await serving
        live.cancel()
        rotating.cancel()
        compiling.cancel()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the process has them."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Nothing to capture."""
        return nullcontext()


def _web_push_key(settings: Settings) -> str:
    """The key browsers subscribe with; empty where Web Push is not set up."""
    return public_key(load_vapid_key(settings.keys_dir)) if settings.web_push_subject else ""


async def _rotate_keys(tokens: Tokens) -> None:
    while True:
        await asyncio.to_thread(tokens.rotate_when_due)
        await asyncio.sleep(ROTATE_EVERY_S)
