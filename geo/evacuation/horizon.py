"""How far ahead places at gates are reckoned: an hour, and twice as far each time that is too short. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from geo.evacuation.model import HORIZON_MAX_MS, Situation

# A plant is cleared in minutes.
FIRST_MS = 3_600_000
# Places at gates by slice, 4 bytes each, twice: some 400 MB. A plant has hundreds of gates.
PLACES_MAX = 50_000_000


def horizons(situation: Situation) -> Iterator[int]:
    """Numbers of slices to look ahead, one after the other, up to a day or to PLACES_MAX."""
    horizon_ms = FIRST_MS
    while True:
        wanted = horizon_ms // situation.slice_ms
        slices = max(min(wanted, PLACES_MAX // max(len(situation.gates.per_ks), 1)), 1)
        yield slices
        if horizon_ms >= HORIZON_MAX_MS or slices < wanted:
            return
        horizon_ms = min(2 * horizon_ms, HORIZON_MAX_MS)
