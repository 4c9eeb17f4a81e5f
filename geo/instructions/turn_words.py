"""Turns and sides in words. Pure."""

from __future__ import annotations

from geo.instructions.model import Side, Step, Turn
from mobile_contract.text import Text

TURNS: dict[Turn, Text] = {
    "straight": Text("直行", "go straight on"),
    "slight_left": Text("向左前方走", "bear left"),
    "left": Text("左转", "turn left"),
    "sharp_left": Text("向左急转", "turn sharp left"),
    "slight_right": Text("向右前方走", "bear right"),
    "right": Text("右转", "turn right"),
    "sharp_right": Text("向右急转", "turn sharp right"),
    "back": Text("掉头往回走", "turn back"),
}
SIDES: dict[Side, Text] = {
    "left": Text("左侧", "on your left"),
    "right": Text("右侧", "on your right"),
    "ahead": Text("正前方", "straight ahead"),
    "behind": Text("身后", "behind you"),
}
TURN_SIDES: dict[Turn, Side] = {
    "straight": "ahead",
    "slight_left": "ahead",
    "slight_right": "ahead",
    "left": "left",
    "sharp_left": "left",
    "right": "right",
    "sharp_right": "right",
    "back": "behind",
}


def and_then(step: Step) -> Text:
    """The turn straight after a door or rise, as the end of a sentence."""
    if step.then is None or step.then == "straight":
        return Text("", "")
    turn = TURNS[step.then]
    return Text(f"，随即{turn.zh}", f", then {turn.en}")
