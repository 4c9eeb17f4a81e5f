"""Room at the exits, held so that as many people as possible find some, for kernels. Pure.

People who can reach the same exits are one class. ``booked`` (c, e) is a maximum flow from the classes to the room left
(Ford and Fulkerson 1956); a class may take a place at an exit only if as many people as before can still have one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.evacuation.model import Longs
from geo.graph.compiled import compiled


@compiled()
def _augment(cls: Any, room: Any, held: Any, booked: Any, reach: Any) -> bool:  # pragma: no cover
    """Book one place more for a class, moving others where that helps; ``held``: an exit with one place less, or -1."""
    classes, exits = booked.shape
    exit_from = np.full(exits, -1, dtype=np.int64)
    class_from = np.full(classes, -1, dtype=np.int64)
    queue = np.empty(classes, dtype=np.int64)
    queue[0], begun, ended = cls, 0, 1
    class_from[cls] = exits
    while begun < ended:
        at = queue[begun]
        begun += 1
        for number in range(exits):
            if not reach[at, number] or exit_from[number] >= 0:
                continue
            exit_from[number] = at
            spare = np.int64(room[number]) - (1 if number == held else 0) - booked[:, number].sum()
            if spare > 0:
                place = np.int64(number)
                while True:
                    owner = exit_from[place]
                    booked[owner, place] += 1
                    if owner == cls:
                        return True
                    place = class_from[owner]
                    booked[owner, place] -= 1
            for other in range(classes):
                if class_from[other] < 0 and booked[other, number] > 0:
                    class_from[other] = number
                    queue[ended] = other
                    ended += 1
    return False


@compiled()
def book(people: Longs, room: Any, reach: Any) -> Any:  # pragma: no cover
    """The most places (c, e) that ``people`` (c) of each class can be given."""
    booked = np.zeros(reach.shape, dtype=np.int64)
    for cls in range(len(people)):
        for _ in range(people[cls]):
            if not _augment(cls, room, -1, booked, reach):
                break
    return booked


@compiled()
def may_take(cls: Any, number: Any, people: Any, room: Any, booked: Any, reach: Any) -> bool:  # pragma: no cover
    """Whether one of the ``people`` left of a class may take a place at an exit, which ``booked`` then reckons with."""
    if booked[cls, number] > 0:
        booked[cls, number] -= 1
        return True
    before = booked.copy()
    served = booked[cls].sum() >= people
    if served:
        for other in range(booked.shape[1]):
            if booked[cls, other] > 0:
                booked[cls, other] -= 1
                break
    if np.int64(room[number]) - booked[:, number].sum() > 0:
        return True
    for other in range(len(booked)):
        if booked[other, number] > 0:
            booked[other, number] -= 1
            if not _augment(other, room, number, booked, reach) and served:
                booked[:] = before
                return False
            break
    return True
