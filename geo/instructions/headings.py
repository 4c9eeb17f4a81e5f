"""Directions in degrees counter-clockwise from east, and what a change of direction is called. Pure."""

from __future__ import annotations

import math

from geo.instructions.model import Side, Turn

# Eight sectors of 45 degrees put "straight" within 22.5 of ahead (Klippel and Montello 2007, Linguistic and
# nonlinguistic turn direction concepts, COSIT); where "slight" ends and "sharp" and "back" begin is Valhalla's
# (src/baldr/turn.cc, GetType).
STRAIGHT_DEG, SLIGHT_DEG, SHARP_DEG, BACK_DEG = 22.5, 45.0, 135.0, 160.0
# A door or thing is "on the left" from where a slight turn ends, "behind" from where a sharp one begins.
AHEAD_DEG, BEHIND_DEG = SLIGHT_DEG, SHARP_DEG


def heading(x0: float, y0: float, x1: float, y1: float) -> float:
    """The direction from one place to another."""
    return math.degrees(math.atan2(y1 - y0, x1 - x0))


def change(before: float, after: float) -> float:
    """How far one turns: -180 to 180, left is positive, to a thousandth (what is finer is the arithmetic's noise)."""
    return round(math.remainder(after - before, 360.0), 3)


def turn_of(degrees: float) -> Turn:
    """What a change of direction is called."""
    size, left = abs(degrees), degrees > 0
    if size < STRAIGHT_DEG:
        return "straight"
    if size > BACK_DEG:
        return "back"
    if size > SHARP_DEG:
        return "sharp_left" if left else "sharp_right"
    if size < SLIGHT_DEG:
        return "slight_left" if left else "slight_right"
    return "left" if left else "right"


def side_of(degrees: float) -> Side:
    """On which side of a walker something in that direction is."""
    if abs(degrees) < AHEAD_DEG:
        return "ahead"
    if abs(degrees) > BEHIND_DEG:
        return "behind"
    return "left" if degrees > 0 else "right"


def bearing(degrees: float) -> int:
    """A direction as a compass has it: 0 to 359 clockwise from north."""
    return round(90.0 - degrees) % 360
