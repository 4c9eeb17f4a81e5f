"""``muster auditor``: finds what is stuck in any other role's tables, and beats outside while all is well."""

from __future__ import annotations

import asyncio

from incidents.auditing.auditor import Auditor
from muster.process import Process, health_port


async def main(process: Process) -> None:
    """Audit until the process stops."""
    async with health_port(process), asyncio.TaskGroup() as group:
        work = group.create_task(Auditor(process.db, heartbeat_url=process.settings.heartbeat_url).run())
        await process.stopping.wait()
        work.cancel()
