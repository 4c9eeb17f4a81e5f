"""``muster guide``: hazards grow, and people's ways, out of an evacuation too, are found anew as they do."""

from __future__ import annotations

import asyncio
from functools import partial

from core.worker import apart
from incidents.hazards.watch import HazardWatch
from incidents.wayfinding.evacuation_watch import EvacuationWatch
from incidents.wayfinding.guide import Guide
from muster.process import Process, health_port
from muster.warming import Warming
from plant.places.site_maps import SiteMaps


async def main(process: Process) -> None:
    """Guide until the process stops. Compiling begins at once, so that it is over before the first alarm."""
    warming = Warming(process.settings.data_path)
    maps = SiteMaps(process.db, warming.ready)
    guide = Guide(process.db, maps)
    async with health_port(process), asyncio.TaskGroup() as group:
        beside = [
            group.create_task(apart("warming", warming.ready)),
            group.create_task(apart("guide", partial(guide.run, process.listener))),
            group.create_task(apart("evacuations", partial(EvacuationWatch(process.db, maps).run, process.listener))),
            group.create_task(apart("hazards", partial(HazardWatch(process.db).run, process.listener))),
        ]
        await process.stopping.wait()
        for task in beside:
            task.cancel()
