"""A kernel is compiled once, before anybody waits for it, whatever it is then asked."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings

from geo.evacuation import baseline_kernels, booking, planner_kernels, portal_kernels, route_kernels
from geo.evacuation.baseline import nearest_exit
from geo.evacuation.model import Situation
from geo.evacuation.planner import plan
from geo.evacuation.warm import warm
from tests.unit.evacuations import situations

_KERNELS: list[Any] = [
    portal_kernels.trees_into,
    portal_kernels.regions_of,
    portal_kernels.reaches,
    portal_kernels.links_of,
    planner_kernels.assign,
    route_kernels.write_routes,
    baseline_kernels.walk_to_nearest,
    booking.book,
]


@given(situations())
@settings(max_examples=50, deadline=None)
def test_nothing_is_compiled_after_warming_up(of: Situation) -> None:
    warm()
    fixed = of.shuts_ms.copy()
    fixed.flags.writeable = False
    for other in (of, msgspec.structs.replace(of, millis=of.millis.astype(np.int64), shuts_ms=fixed)):
        plan(other)
        nearest_exit(other)
    assert [len(it.signatures) for it in _KERNELS] == [1] * len(_KERNELS)
