"""Metres, times and compass points as people use them, in both languages. Pure."""

from __future__ import annotations

import math

from mobile_contract.text import Text

# Below this nobody counts: three or four steps of 0.75 m.
FEW_STEPS_M = 2.5
_POINTS = (
    Text("北", "north"),
    Text("东北", "north-east"),
    Text("东", "east"),
    Text("东南", "south-east"),
    Text("南", "south"),
    Text("西南", "south-west"),
    Text("西", "west"),
    Text("西北", "north-west"),
)
_FLOORS = ("", "one floor", "two floors", "three floors", "four floors", "five floors", "six floors")


def metres(distance_m: float, *, spoken: bool = False) -> Text:
    """To 5 m under 50 m, to 10 m above; a few steps under 2.5 m."""
    if distance_m < FEW_STEPS_M:
        return Text("几步", "a few steps")
    grain = 5 if distance_m < 50 else 10
    number = grain * math.floor(distance_m / grain + 0.5)
    return Text(f"{number}米", f"{number} metres" if spoken else f"{number} m")


def about(millis: int, *, spoken: bool = False) -> Text:
    """A time: to 10 s under 50 s, then to whole minutes."""
    if millis < 15_000:
        return Text("几秒", "a few seconds")
    if millis < 50_000:
        seconds = 10 * math.floor(millis / 10_000 + 0.5)
        return Text(f"约{seconds}秒", f"about {seconds} {'seconds' if spoken else 's'}")
    minutes = max(1, math.floor(millis / 60_000 + 0.5))
    word = ("minute" if minutes == 1 else "minutes") if spoken else "min"
    return Text(f"约{minutes}分钟", f"about {minutes} {word}")


def compass(bearing_deg: int) -> Text:
    """The nearest of eight points of the compass."""
    return _POINTS[math.floor(bearing_deg / 45 + 0.5) % 8]


def floors(number: int) -> Text:
    """So many floors up or down."""
    return Text(f"{number}层", _FLOORS[number] if number < len(_FLOORS) else f"{number} floors")


def ordinal(number: int) -> Text:
    """Which one in a row, from 1."""
    word = {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
    return Text(f"第{number}个", word)
