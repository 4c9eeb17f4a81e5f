"""``muster gateway``: devices in, rules, alarms, incidents, commands out."""

from __future__ import annotations

import asyncio

from incidents.engine import sink_factory
from muster.process import Process, health_port
from plant.gateway import Gateway
from plant.mqtt_link import parse_broker_url


async def main(process: Process) -> None:
    """Serve this gateway's share of the sites until the process stops."""
    settings = process.settings
    gateway = Gateway(
        process.db,
        process.listener,
        process.db.clock,
        parse_broker_url(settings.mqtt_url),
        sink_factory(process.db, process.listener),
        lease_s=settings.lease_s,
        keep_days=settings.readings_keep_days,
    )
    process.checks["sites"] = gateway.check
    async with health_port(process):
        serving = asyncio.create_task(gateway.run())
        stop = asyncio.create_task(process.stopping.wait())
        await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if serving.done():
            serving.result()
        serving.cancel()
        await asyncio.wait({serving})
