"""When each zone, room or level is clear, and how many are out by which exit when: what a plan predicts. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.evacuation.model import NEVER, EvacuationPlan, Longs, Situation, invalid
from geo.graph.csr import Ints

# A day by seconds; bounds what one answer holds.
STEPS_MAX = 86_400


def clear_times(situation: Situation, plan: EvacuationPlan, zone_of: Ints, zones: int) -> Ints:
    """When the last person has left each zone (z), who only passes through included; 0: nobody is there at any time.

    ``zone_of`` int32 (n): the zone of each node (or its room, or its level from 0), -1: none. Who walks from a zone is
    in it until they have come to a node outside. NEVER: somebody who is cut off stays there. Raises Invalid where a
    zone is not -1 to ``zones`` - 1, or there is not one for each node.
    """
    if len(zone_of) != situation.graph.nodes or (len(zone_of) and not -1 <= zone_of.min() <= zone_of.max() < zones):
        raise invalid(
            "zone_of",
            f"each of {situation.graph.nodes} nodes has a zone of {zones}, or -1",
            f"{situation.graph.nodes} 个节点各有一个区域（共 {zones} 个）或 -1",
            len(zone_of),
            [situation.graph.nodes, zones],
        )
    clear = np.zeros(zones + 1, dtype=np.int32)
    # Where the next step of a way stands; at a way's last it is the moment one is out.
    until = plan.leave_ms.copy()
    until[:-1][plan.arcs[:-1] >= 0] = plan.arrive_ms[1:][plan.arcs[:-1] >= 0]
    # Zone -1, which is none, writes the last entry.
    np.maximum.at(clear, zone_of[plan.nodes], until)
    clear[zone_of[situation.crowd.node[[it.person for it in plan.cut_off]]]] = NEVER
    return clear[:zones]


def out_by_exit(plan: EvacuationPlan, exits: int, every_ms: int) -> Longs:
    """How many are out by each exit (e, t) at ``every_ms``, twice ``every_ms``, and so on until all are.

    Raises Invalid unless that is 1 to STEPS_MAX steps.
    """
    steps = -(-plan.cleared_ms // every_ms) if every_ms > 0 else 0
    if every_ms <= 0 or steps > STEPS_MAX:
        raise invalid(
            "every_ms",
            f"a step of {every_ms} ms makes not 1 to {STEPS_MAX} steps of {plan.cleared_ms} ms",
            f"步长 {every_ms} 毫秒对 {plan.cleared_ms} 毫秒而言步数不在 1 至 {STEPS_MAX} 之间",
            every_ms,
            STEPS_MAX,
        )
    out = plan.party >= 0
    counts = np.zeros((exits, max(steps, 1)), dtype=np.int64)
    # Out at the very end of a step is out in it.
    step = np.maximum(-(-plan.out_ms[out] // every_ms) - 1, 0)
    np.add.at(counts, (plan.exit[out], step), 1)
    return np.cumsum(counts, axis=1)


def inside_by_zone(plan: EvacuationPlan, zone_of_person: npt.NDArray[np.integer], zones: int, at_ms: int) -> Longs:
    """How many of those who were in each zone (z) at the beginning are not yet out at ``at_ms``, wherever they are."""
    still = (plan.out_ms > at_ms) & (zone_of_person >= 0)
    return np.bincount(zone_of_person[still], minlength=zones).astype(np.int64)
