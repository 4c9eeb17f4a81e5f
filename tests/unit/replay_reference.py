"""Where alarms should rise, from the recording alone: a second, plain reading of the rules, for comparison."""

from __future__ import annotations

from collections.abc import Sequence

from muster.replay.mapping import LimitMap, Row


def high_alarms(rows: Sequence[Row], series: int, limit: LimitMap) -> list[tuple[int, int | None]]:
    """(row of rise, row of return or None) of each high alarm. A gap changes nothing: not normal, not active.

    An on-delay that ends between two rows raises the alarm there: the row is the last one before it. A return needs a
    row of its own.
    """
    episodes: list[tuple[int, int | None]] = []
    above_since: float | None = None
    below_since: float | None = None
    active = False
    before = -1
    for row in rows:
        if not active and above_since is not None and above_since + limit.on_delay_s < row.recorded_s:
            episodes.append((before, None))
            active, below_since = True, None
        before = row.index
        value = row.values[series]
        if value is None:
            continue
        if not active:
            above_since = (row.recorded_s if above_since is None else above_since) if value >= limit.set_point else None
            if above_since is not None and row.recorded_s - above_since >= limit.on_delay_s:
                episodes.append((row.index, None))
                active, below_since = True, None
        else:
            low = value < limit.set_point - limit.deadband
            below_since = (row.recorded_s if below_since is None else below_since) if low else None
            if below_since is not None and row.recorded_s - below_since >= limit.off_delay_s:
                episodes[-1] = (episodes[-1][0], row.index)
                active, above_since = False, None
    if not active and above_since is not None:
        episodes.append((before, None))
    return episodes


def stale_alarms(rows: Sequence[Row], series: int, stale_after_s: float) -> list[float]:
    """Recorded moments at which the series had had no value for ``stale_after_s``."""
    moments: list[float] = []
    last: float | None = None
    for row in rows:
        if row.values[series] is None:
            continue
        if last is not None and row.recorded_s - last > stale_after_s:
            moments.append(last + stale_after_s)
        last = row.recorded_s
    if last is not None and rows[-1].recorded_s - last > stale_after_s:
        moments.append(last + stale_after_s)
    return moments
