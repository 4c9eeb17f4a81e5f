"""What every search of the graph asks of what it is given. Pure.

All raise Invalid and name the argument; none copies an array that is as it should be.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, Ints

LIMIT_MAX_MS = int(BANNED) - 1
"""24.8 days: a way that takes longer counts as no way."""


def arc_times(graph: Graph, times: npt.ArrayLike | None, *, field: str = "times") -> Ints:
    """The times of the graph's arcs, (m) or (slices, m), from 1 ms; None: the graph's own. Read-only int32."""
    if times is None:
        return graph.millis
    given = _integers(times, field)
    if given.shape[-1:] != (graph.arcs,):
        raise _invalid(field, f"{field} are one for each of {graph.arcs} arcs", given.shape, graph.arcs)
    low = int(given.min(initial=1))
    # An int32 is nowhere above BANNED.
    high = int(BANNED) if given.dtype == np.int32 else int(given.max(initial=1))
    if low < 1 or high > BANNED:
        raise _invalid(field, f"an arc takes 1 to {ARC_MAX_MS} ms, or is banned", low if low < 1 else high, 1)
    return _read_only(given)


def not_below(graph: Graph, times: Ints) -> None:
    """Raises Invalid when an arc takes less than the graph says: a bound made for the graph would be wrong."""
    if times is graph.millis:
        return
    low = np.flatnonzero(times < graph.millis)
    if len(low):
        arc = int(low[0])
        least, value = int(graph.millis[arc]), int(times[arc])
        raise _invalid("times", f"arc {arc} takes {value} ms, which is below its own {least} ms", value, least)


def known_nodes(graph: Graph, nodes: npt.ArrayLike, *, field: str) -> Ints:
    """Nodes of the graph (p), read-only int32."""
    given = _integers(nodes, field).reshape(-1)
    if given.size and (int(given.min()) < 0 or int(given.max()) >= graph.nodes):
        worst = int(given[(given < 0) | (given >= graph.nodes)][0])
        raise _invalid(field, f"{field} names node {worst}, and there are {graph.nodes}", worst, graph.nodes)
    return _read_only(given)


def offset_times(offsets: npt.ArrayLike | None, count: int) -> Ints:
    """What has passed at each source, in ms (s); None: nothing."""
    given = np.zeros(count, dtype=np.int32) if offsets is None else _integers(offsets, "offsets").reshape(-1)
    if len(given) != count:
        raise _invalid("offsets", f"offsets are one for each of {count} sources", len(given), count)
    if given.size and (int(given.min()) < 0 or int(given.max()) > LIMIT_MAX_MS):
        raise _invalid("offsets", f"an offset is 0 to {LIMIT_MAX_MS} ms", int(given.min()), LIMIT_MAX_MS)
    return _read_only(given)


def limit_time(limit_ms: int | None) -> int:
    """The longest way looked for, in ms; None: any."""
    if limit_ms is None:
        return LIMIT_MAX_MS
    if not 0 <= limit_ms <= LIMIT_MAX_MS:
        raise _invalid("limit_ms", f"a limit is 0 to {LIMIT_MAX_MS} ms", limit_ms, LIMIT_MAX_MS)
    return limit_ms


def _integers(values: npt.ArrayLike, field: str) -> npt.NDArray[np.integer]:
    given = np.asarray(values)
    if given.size and given.dtype.kind not in "iu":
        raise _invalid(field, f"{field} are whole numbers", str(given.dtype))
    return given


def _read_only(given: npt.NDArray[np.integer]) -> Ints:
    """numba compiles a kernel once more for arrays that may be written to, or are not in one piece; not here."""
    array: Ints = np.ascontiguousarray(given, dtype=np.int32).view()
    array.flags.writeable = False
    return array


def _invalid(field: str, detail: str, value: object, limit: object = None) -> Invalid:
    return Invalid("geo.search_invalid", detail, f"路径搜索的参数无效：{field}", field=field, value=value, limit=limit)
