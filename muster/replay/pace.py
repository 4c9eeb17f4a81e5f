"""Recorded time on the wall clock, at ``speed`` recorded seconds in one second. Pure.

A row is observed at ``start + (t - t0) / speed``: its device time is now, not the recording's year, because a reading
from the past is late and speaks for no alarm's end. An alarm's delays are kept by the gateway's own clock, which knows
nothing of recordings; so the delays of the map, which are recorded seconds, are divided by the same speed when they are
registered. Device time and delays then run equally fast, and an alarm rises at the row where it would have risen.

What does not run faster is the gateway: it looks at delays ten times a second and for silence once a second, so at
speed N an alarm may come 0.1 N recorded seconds late. See docs/decisions/0007-time-under-acceleration.md.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from core.errors import Invalid
from muster.replay.mapping import ReplayMap, Row

# Two looks of the gateway for silent sensors: less would call a hiccup of the line silence.
SILENCE_MIN_S = 2.0


def speed_limit(rows: Sequence[Row]) -> float:
    """The speed at which the two nearest rows would fall into one millisecond of device time."""
    nearest_s = min((b.recorded_s - a.recorded_s for a, b in itertools.pairwise(rows)), default=math.inf)
    return nearest_s * 1000.0


def check_speed(rows: Sequence[Row], speed: float) -> None:
    """Raise Invalid unless every row keeps a millisecond of its own."""
    limit = speed_limit(rows)
    if not 0 < speed <= limit:
        raise Invalid(
            "replay.speed",
            f"speed {speed:g} is not in (0, {limit:g}]: two rows would share a millisecond",
            field="speed",
            value=speed,
            limit=limit,
        )


def device_ms(row: Row, first: Row, start_ms: int, speed: float) -> int:
    """When the row happens in the replay, Unix milliseconds."""
    return start_ms + round((row.recorded_s - first.recorded_s) * 1000.0 / speed)


def delay_s(recorded_s: float, speed: float) -> float:
    """A delay of the recording as the gateway's clock shall keep it."""
    return recorded_s / speed


def silence_s(recorded_s: float, speed: float) -> float:
    """After how long without a value a series is stale: of the recording, but never below what can be told apart from
    the line's own pauses."""
    return max(recorded_s / speed, min(recorded_s, SILENCE_MIN_S))


def silence_speed(mapping: ReplayMap) -> float:
    """Up to this speed every series is stale exactly as long after its last value as in the recording."""
    return max(1.0, min((series.stale_after_s for series in mapping.series), default=math.inf) / SILENCE_MIN_S)
