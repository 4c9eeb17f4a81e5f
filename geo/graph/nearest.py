"""The k nearest of many places at once, each by a search that ends as soon as they are certain. Pure."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph import kernels
from geo.graph.checks import arc_times, known_nodes, limit_time
from geo.graph.csr import BANNED, Graph, Ints

K_MAX = 10_000
"""Answers are an array of sources times k; more than this many of a source is no question of nearness."""

PAIRS_MAX = 25_000_000
"""100 MB of answers."""


class Nearest(msgspec.Struct, frozen=True, eq=False):
    """``nodes`` and ``millis`` (s, k) of each source, the nearest first, equal times by node; -1 and BANNED where there
    are fewer. ``counts`` (s): how many there are."""

    nodes: Ints
    millis: Ints
    counts: Ints


def nearest(
    graph: Graph,
    sources: npt.ArrayLike,
    targets: npt.ArrayLike,
    k: int,
    times: npt.ArrayLike | None = None,
    *,
    limit_ms: int | None = None,
) -> Nearest:
    """Of each source (s) the k of ``targets`` that are reached from it first; a target that is named twice counts once.

    A source that is a target is its own nearest, at 0 ms. Raises Invalid for what is out of bounds.
    """
    return _search(graph, sources, targets, k, times, limit_ms, forward=True)


def first_to_reach(
    graph: Graph,
    places: npt.ArrayLike,
    people: npt.ArrayLike,
    k: int,
    times: npt.ArrayLike | None = None,
    *,
    limit_ms: int | None = None,
) -> Nearest:
    """Of each of ``places`` (s) the k of ``people`` (nodes they stand at) who reach it first; as ``nearest``."""
    return _search(graph, places, people, k, times, limit_ms, forward=False)


def times_between(
    graph: Graph,
    sources: npt.ArrayLike,
    targets: npt.ArrayLike,
    times: npt.ArrayLike | None = None,
    *,
    limit_ms: int | None = None,
) -> Ints:
    """Of each source the time to each target (s, t), BANNED: no way. Searches from whichever are fewer.

    Raises Invalid for what is out of bounds, and for more than PAIRS_MAX pairs.
    """
    costs, until = arc_times(graph, times), limit_time(limit_ms)
    starts, ends = known_nodes(graph, sources, field="sources"), known_nodes(graph, targets, field="targets")
    _bounded(len(starts), len(ends))
    forward = len(starts) <= len(ends)
    few, many = (starts, ends) if forward else (ends, starts)
    millis = np.full((len(few), len(many)), BANNED, dtype=np.int32)
    shift, different = graph.bucket_shift, len(np.unique(many))
    if different:
        kernels.table(*graph.rows(forward), costs, until, shift, few, many, different, millis)
    return millis if forward else millis.T


def _bounded(sources: int, answers: int) -> None:
    if sources * answers > PAIRS_MAX:
        raise Invalid(
            "geo.search_invalid",
            f"{PAIRS_MAX} pairs of places are asked for at most",
            f"一次最多查询 {PAIRS_MAX} 对地点",
            field="targets",
            value=sources * answers,
            limit=PAIRS_MAX,
        )


def _search(
    graph: Graph,
    places: npt.ArrayLike,
    sought: npt.ArrayLike,
    k: int,
    times: npt.ArrayLike | None,
    limit_ms: int | None,
    *,
    forward: bool,
) -> Nearest:
    if not 1 <= k <= K_MAX:
        raise Invalid(
            "geo.search_invalid", f"k is 1 to {K_MAX}", f"k 须为 1 至 {K_MAX}", field="k", value=k, limit=K_MAX
        )
    costs, until = arc_times(graph, times), limit_time(limit_ms)
    sources, targets = known_nodes(graph, places, field="sources"), known_nodes(graph, sought, field="targets")
    _bounded(len(sources), k)
    nodes = np.full((len(sources), k), -1, dtype=np.int32)
    millis = np.full((len(sources), k), BANNED, dtype=np.int32)
    wanted = min(k, len(np.unique(targets)))
    if wanted:
        kernels.nearest(*graph.rows(forward), costs, until, graph.bucket_shift, sources, targets, wanted, nodes, millis)
    return Nearest(nodes, millis, (nodes >= 0).sum(axis=1, dtype=np.int32))
