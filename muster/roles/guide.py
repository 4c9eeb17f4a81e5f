"""``muster guide``: hazards grow, and people's ways, out of an evacuation too, are found anew as they do."""

from __future__ import annotations

import asyncio
from functools import partial

from core.worker import apart, sweep_on_news
from incidents.evacuation.watch import EvacuationWatch
from incidents.hazards.watch import HazardWatch
from incidents.wayfinding.guide import Guide
from muster.process import Process, health_port
from muster.warming import Warming
from plant.place_service import CHANGED as PLANT_CHANGED
from plant.places.site_maps import SiteMaps

# News of a plan can be lost; then its map is made this much later, or when somebody needs it.
MAPS_EVERY_S = 60.0


async def main(process: Process) -> None:
    """Guide until the process stops. Compiling begins at once, so that it is over before the first alarm."""
    warming = Warming(process.settings.data_path)
    maps = SiteMaps(process.db, warming.ready)
    guide = Guide(process.db, maps)
    async with health_port(process), asyncio.TaskGroup() as group:
        beside = [
            group.create_task(apart("warming", warming.ready)),
            group.create_task(apart("maps", partial(_keep_maps, maps, process))),
            group.create_task(apart("guide", partial(guide.run, process.listener))),
            group.create_task(apart("evacuations", partial(EvacuationWatch(process.db, maps).run, process.listener))),
            group.create_task(apart("hazards", partial(HazardWatch(process.db).run, process.listener))),
        ]
        await process.stopping.wait()
        for task in beside:
            task.cancel()


async def _keep_maps(maps: SiteMaps, process: Process) -> None:
    await sweep_on_news("maps", maps.prepare, process.listener, {PLANT_CHANGED}, poll_s=MAPS_EVERY_S)
