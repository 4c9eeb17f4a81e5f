"""A binary heap of int64 keys in an array, for kernels: a time in the high bits, a node in the low. Pure."""

from __future__ import annotations

from typing import Any

from geo.evacuation.model import Longs
from geo.graph.compiled import compiled


@compiled()
def push(heap: Longs, size: Any, key: Any) -> Any:  # pragma: no cover
    """Put a key on a heap of ``size`` keys; returns the new size. The array has room."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if heap[above] <= key:
            break
        heap[at] = heap[above]
        at = above
    heap[at] = key
    return size + 1


@compiled()
def pop(heap: Longs, size: Any) -> Any:  # pragma: no cover
    """Take the least key, ``heap[0]``, which the caller has read; returns the new size."""
    size -= 1
    key = heap[size]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= key:
            break
        heap[at] = heap[below]
        at = below
    heap[at] = key
    return size
