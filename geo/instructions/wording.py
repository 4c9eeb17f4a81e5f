"""Steps in words, in zh-CN and en: one short order at a time, each saying where. Pure."""

from __future__ import annotations

import msgspec

from geo.instructions.amounts import about, metres
from geo.instructions.cautions import warnings
from geo.instructions.haptics import VIBRATION, Code, code
from geo.instructions.model import Directions
from geo.instructions.orders import Orders, join
from geo.instructions.surroundings import Surroundings
from mobile_contract.text import Text


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A step in words. ``short``: for a watch. ``spoken``: to be read aloud, with what to check. ``vibration_ms``: on,
    off, on ... ``check``: how one knows that one is right; None where nothing tells."""

    number: int
    text: Text
    short: Text
    spoken: Text
    code: Code
    vibration_ms: list[int]
    check: Text | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A whole way in words; ``warnings`` are read before the first step."""

    summary: Text
    warnings: list[Text]
    steps: list[Said]


def tell(around: Surroundings, directions: Directions) -> Told:
    """Directions -> words. Raises Invalid for cautions as ``warnings`` does."""
    silent, aloud = Orders(around, directions), Orders(around, directions, spoken=True)
    far, time = metres(directions.distance_m), about(directions.millis)
    steps = []
    for at, step in enumerate(directions.steps):
        letter, check = code(step), silent.check(at)
        steps.append(
            Said(
                number=step.number,
                text=silent.order(at),
                short=silent.short(at),
                spoken=join(aloud.order(at), aloud.check(at)),
                code=letter,
                vibration_ms=VIBRATION[letter],
                check=check,
            )
        )
    goal = directions.target.name
    summary = Text(f"前往{goal.zh}：{far.zh}，{time.zh}。", f"To {goal.en}: {far.en}, {time.en}.")
    return Told(summary=summary, warnings=warnings(directions), steps=steps)
