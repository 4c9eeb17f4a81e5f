"""Anti-passback: what a badge did before makes what it does now impossible, and is shown, not dropped: pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

Direction: TypeAlias = Literal["in", "out"]
Violation: TypeAlias = Literal["in_twice", "out_without_in"]


def violation(direction: Direction, before: Direction | None) -> Violation | None:
    """What is wrong with this event of an area after the one before it there; ``before`` None: there is none.

    In twice: left past a reader that did not read, or the badge was passed back to a second person. Out without in:
    came in behind somebody.
    """
    if direction == "in" and before == "in":
        return "in_twice"
    if direction == "out" and before != "in":
        return "out_without_in"
    return None
