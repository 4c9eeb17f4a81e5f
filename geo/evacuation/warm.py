"""Kernels compiled before they are needed: some twenty seconds once on a machine, then read from the disk. Pure."""

from __future__ import annotations

import numpy as np

from geo.evacuation.baseline import nearest_exit
from geo.evacuation.model import NEVER, Crowd, Exits, Gates, Situation
from geo.evacuation.planner import plan
from geo.graph.csr import build


def warm() -> None:
    """Plan for two people and one door, with room for one, so that nothing is compiled while people wait for a plan."""
    graph, _ = build([0, 1, 2], [0, 0, 0], [0, 0, 0], [0, 1], [1, 2], [1_000, 1_000])
    of = Situation(
        graph,
        graph.millis,
        np.full(2, NEVER, dtype=np.int32),
        Gates(np.array([-1, 0, -1], dtype=np.int32), np.full(2, -1, dtype=np.int32), np.array([1_000])),
        Crowd(np.zeros(2, dtype=np.int32), np.zeros(2, dtype=np.int32)),
        Exits(np.array([2], dtype=np.int32), np.ones(1, dtype=np.int32)),
    )
    plan(of)
    nearest_exit(of)
