"""All that is compiled, compiled before somebody waits for it: some forty seconds once on a machine, then read. Pure.

One process of a machine does it before the others start: see ``geo.graph.warm``.
"""

from __future__ import annotations

from geo.evacuation import warm as evacuation
from geo.graph import warm as graph
from geo.hazards import crossing
from geo.routing import warm as routing


def warm() -> None:
    """Compiles or loads every kernel of geo, whatever the disk says."""
    for step in (graph.warm, crossing.warm, routing.warm, evacuation.warm):
        graph.whatever_the_disk(step)
