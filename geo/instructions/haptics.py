"""A step as a code and as a vibration, for a wrist or a pocket: felt where nothing is read or heard. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

from geo.instructions.model import Step, Turn

Code: TypeAlias = Literal["S", "L", "R", "B", "U", "D", "A", "W"]

# Milliseconds on, off, on ... as the Vibration API takes them (W3C, 2016). One, two or three short pulses are ahead,
# left and right: rhythm is what is told apart best (93 %, Brown, Brewster and Purchase 2005, A first investigation into
# the effectiveness of Tactons). A long one is another kind of thing.
VIBRATION: dict[Code, list[int]] = {
    "S": [200],
    "L": [200, 150, 200],
    "R": [200, 150, 200, 150, 200],
    "B": [600, 150, 600],
    "U": [200, 150, 600],
    "D": [600, 150, 200],
    "A": [1000],
    "W": [600, 150, 600, 150, 600],
}
"""``S`` straight on, ``L`` left, ``R`` right, ``B`` back, ``U`` up, ``D`` down, ``A`` arrived, ``W`` a warning."""

_TURNS: dict[Turn, Code] = {
    "straight": "S",
    "slight_left": "L",
    "left": "L",
    "sharp_left": "L",
    "slight_right": "R",
    "right": "R",
    "sharp_right": "R",
    "back": "B",
}


def code(step: Step) -> Code:
    """What a step is in one letter: the first thing it asks for."""
    if step.kind == "arrive":
        return "A"
    if step.kind in ("stairs", "ramp", "escalator", "lift", "ladder") and step.up is not None:
        return "U" if step.up else "D"
    # A door slightly to one side is ahead, as in words.
    if step.kind == "door" and step.turn in ("slight_left", "slight_right"):
        return "S"
    return "S" if step.turn is None else _TURNS[step.turn]
