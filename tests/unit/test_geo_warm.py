"""What a process calls at its start leaves nothing of geo to compile."""

from __future__ import annotations

from typing import Any

from geo.evacuation import planner_kernels
from geo.graph import kernels
from geo.hazards import crossing
from geo.routing import harm_kernels
from geo.warm import warm


def test_every_part_is_warmed() -> None:
    warm()
    one_of_each: list[Any] = [kernels.tree, planner_kernels.assign, crossing._decide, harm_kernels.choices]
    assert all(it.signatures for it in one_of_each)
