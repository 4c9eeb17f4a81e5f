"""Places left at each gate in each slice of time, for kernels, and the next slice that has one. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.evacuation.model import Longs
from geo.graph.compiled import compiled
from geo.graph.csr import Ints


@compiled()
def new_slots(per_ks: Longs, slice_ms: Any, slices: Any) -> tuple[Any, Any]:  # pragma: no cover
    """Places left (g, slices) as ``model.people_in_slice`` gives them, and the next slice with one (g, slices + 1)."""
    left = np.empty((len(per_ks), slices), dtype=np.int32)
    after = np.empty((len(per_ks), slices + 1), dtype=np.int32)
    for gate in range(len(per_ks)):
        each, before = per_ks[gate] * np.int64(slice_ms), np.int64(0)
        for number in range(slices):
            upto = (number + 1) * each // 1_000_000
            left[gate, number] = upto - before
            after[gate, number] = number if upto > before else number + 1
            before = upto
        after[gate, slices] = slices
    return left, after


@compiled()
def next_slot(after: Any, gate: Any, number: Any) -> Any:  # pragma: no cover
    """The first slice from ``number`` on with a place; the number of slices when there is none. Shortens its chains."""
    row = after[gate]
    while row[number] != number:
        row[number] = row[row[number]]
        number = row[number]
    return number


@compiled()
def next_slot_of_two(after: Any, one: Any, other: Any, number: Any) -> Any:  # pragma: no cover
    """The first slice from ``number`` on with a place at both gates (-1: no gate)."""
    while True:
        begun = number
        if one >= 0:
            number = next_slot(after, one, number)
        if other >= 0:
            number = next_slot(after, other, number)
        if number == begun:
            return number


@compiled()
def take(left: Any, after: Any, gate: Any, number: Any, people: Any) -> None:  # pragma: no cover
    """Let people through; there are as many places."""
    left[gate, number] -= people
    if left[gate, number] == 0:
        after[gate, number] = number + 1


@compiled()
def slots_taken(gates: Ints, numbers: Ints, count: Any, gate: Any, number: Any) -> Any:  # pragma: no cover
    """How often a place (gate, slice) stands in a list of ``count``."""
    found = 0
    for i in range(count):
        if gates[i] == gate and numbers[i] == number:
            found += 1
    return found
