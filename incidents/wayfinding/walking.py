"""A person on their way: how far they are by one position after another, and where on the network that is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate

import msgspec
import numpy as np

from geo.fixes import Fix
from geo.graph.csr import BANNED, Graph, Ints
from geo.instructions.progress import Progress, begin, follow
from geo.instructions.track import Track, lay_track
from geo.projection import Projection
from geo.routing.snapping import WHOLE_PPM, Place, at_node
from incidents.wayfinding.model import LastFix, RouteRow, Way


def track_of(way: Way) -> Track | None:
    """The way as a line in time; None: nothing of it is walked (one is there)."""
    if not any(step.millis for step in way.steps):
        return None
    return lay_track(way.steps, Projection(*way.origin))


def setting_out(way: Way | None) -> Progress | None:
    """Before the first position."""
    track = None if way is None else track_of(way)
    return None if track is None else begin(track)


def followed(row: RouteRow, fixes: Sequence[LastFix]) -> tuple[RouteRow, list[int]]:
    """The row after these positions, in the order of time, with the numbers of the steps to tell now.

    What is not newer than the last one known changes nothing: sending it again is harmless.
    """
    known = row.fix.at if row.fix is not None else row.computed_at
    newer = sorted((it for it in fixes if row.fix is None or it.at > row.fix.at), key=lambda it: it.at)
    if not newer:
        return row, []
    row = msgspec.structs.replace(row, fix=newer[-1])
    track = None if row.way is None else track_of(row.way)
    if track is None or row.progress is None:
        return row, []
    progress, push = row.progress, list[int]()
    for it in newer:
        elapsed_ms = max(round((it.at - known).total_seconds() * 1_000), 0)
        progress = follow(track, progress, Fix(it.lon, it.lat, it.accuracy_m, it.level), elapsed_ms)
        push += [number for number in progress.push if number not in push]
        known = max(known, it.at)
    return shown(msgspec.structs.replace(row, progress=progress), newer[-1].at), push


def shown(row: RouteRow, at: datetime) -> RouteRow:
    """The row with its progress in its view when there is something to tell: another step, off the way or on it, there.

    What lies between changes no view, so that rooms hear of some ten things a way and not of every position.
    """
    it = row.progress
    if it is None:
        return row
    arrived_at = row.view.arrived_at or (at if it.arrived else None)
    if (it.step, it.off, arrived_at) == (row.view.step, row.view.off_route, row.view.arrived_at):
        return row
    arrives = None if arrived_at is not None else at + timedelta(milliseconds=it.left_ms)
    view = msgspec.structs.replace(
        row.view,
        step=it.step,
        left_m=round(it.left_m, 1),
        left_s=round(it.left_ms / 1_000, 1),
        arrives_at=arrives,
        off_route=it.off,
        arrived_at=arrived_at,
    )
    return msgspec.structs.replace(row, view=view)


class OnWay(msgspec.Struct, frozen=True, eq=False):
    """Where on the network somebody on a way is, and the whole arcs of it before them."""

    place: Place
    remaining: Ints


def on_way(graph: Graph, way: Way, at_ms: float) -> OnWay:
    """Where one is after so long of the way's own time; the way has an arc, and ``graph`` is of its plan."""
    ends = list(accumulate(way.millis))
    number = next((i for i, end in enumerate(ends) if at_ms < end), len(ends) - 1)
    arc, last = way.arcs[number], len(way.arcs) - 1
    share = min(max((at_ms - (ends[number] - way.millis[number])) / max(way.millis[number], 1), 0.0), 1.0)
    low = way.begin_ppm if number == 0 else 0
    high = way.end_ppm if number == last else WHOLE_PPM
    along = round(low + (high - low) * share)
    whole = last + 1 if way.end_ppm == WHOLE_PPM else last
    onward = np.array(way.arcs[number + 1 : max(whole, number + 1)], dtype=np.int32)
    tail, head = int(graph.tails[arc]), int(graph.heads[arc])
    if along >= WHOLE_PPM:
        return OnWay(at_node(graph, head), onward)
    if along <= 0:
        here = np.array(way.arcs[number : max(whole, number)], dtype=np.int32)
        return OnWay(at_node(graph, tail), here)
    part = along / WHOLE_PPM
    x = float(graph.x[tail] + (graph.x[head] - graph.x[tail]) * part)
    y = float(graph.y[tail] + (graph.y[head] - graph.y[tail]) * part)
    place = Place(
        x=x,
        y=y,
        level=int(graph.level[tail]),
        on_x=x,
        on_y=y,
        ahead=arc,
        back=_back(graph, tail, head),
        along_ppm=along,
    )
    return OnWay(place, onward)


def _back(graph: Graph, tail: int, head: int) -> int:
    """The quickest arc from a head back to its tail; -1: it is one way."""
    arcs = np.arange(graph.starts[head], graph.starts[head + 1])
    arcs = arcs[(graph.heads[arcs] == tail) & (graph.millis[arcs] != BANNED)]
    return int(arcs[graph.millis[arcs].argmin()]) if len(arcs) else -1
