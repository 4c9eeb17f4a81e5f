"""What places are called when a person is told of them; what has no name is told by its kind. Pure.

A sign on the spot often has a number alone ("D1", "204"): the kind is put to it unless the name already says it.
"""

from __future__ import annotations

from collections.abc import Sequence

from geo.instructions.surroundings import Surroundings
from geo.places.model import LandmarkKind, PlaceId, RiseKind, RoomKind
from mobile_contract.text import Text

ROOMS: dict[RoomKind, Text] = {
    "room": Text("房间", "the room"),
    "corridor": Text("走廊", "the corridor"),
    "stairs": Text("楼梯间", "the stairwell"),
    "lift": Text("电梯", "the lift"),
    "ramp": Text("坡道", "the ramp"),
    "escalator": Text("自动扶梯", "the escalator"),
    "ladder": Text("爬梯处", "the ladder shaft"),
    "outdoors": Text("室外", "the open air"),
    "solid": Text("墙体", "the wall"),
}
RISES: dict[RiseKind, Text] = {
    "stairs": Text("楼梯", "the stairs"),
    "ramp": Text("坡道", "the ramp"),
    "escalator": Text("自动扶梯", "the escalator"),
    "lift": Text("电梯", "the lift"),
    "ladder": Text("爬梯", "the ladder"),
}
LANDMARKS: dict[LandmarkKind, Text] = {
    "extinguisher": Text("灭火器", "the fire extinguisher"),
    "hydrant": Text("消火栓", "the fire hydrant"),
    "first_aid": Text("急救箱", "the first-aid kit"),
    "eye_wash": Text("洗眼器", "the eye wash"),
    "shower": Text("紧急冲淋器", "the emergency shower"),
    "alarm_button": Text("报警按钮", "the alarm button"),
    "sign": Text("指示牌", "the sign"),
    "gate": Text("大门", "the gate"),
    "other": Text("标志物", "the marker"),
}
# By these words a name says by itself what it names.
_DOOR_WORDS = ("门", "出口", "入口"), ("door", "gate", "exit", "entrance", "hatch", "shutter")
_ROOM_WORDS = ("室", "间", "房", "厅", "廊", "库", "区", "站", "道", "场", "院", "楼", "处", "厕", "台"), ()
_RISE_WORDS = ("梯", "坡", "道"), ("stair", "lift", "elevator", "ladder", "ramp", "escalator", "step")


class Names:
    """The names of a plan's things."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._levels = {level.level: level.name for level in around.plan.levels}

    def level(self, level: int) -> Text:
        """A floor's name. Without one it is counted as it is in each language: the ground floor is China's first."""
        if (named := _named(self._levels.get(level))) is not None:
            return named
        zh = f"{level + 1}层" if level >= 0 else f"地下{-level}层"
        return Text(zh, "the ground floor" if level == 0 else f"level {level}")

    def room(self, room_id: PlaceId | None) -> Text:
        """A room's name; None is outside."""
        if room_id is None:
            return Text("室外", "outside")
        room = self._around.rooms[room_id]
        named = _named(room.name)
        if named is None:
            return ROOMS[room.kind]
        # A number alone is no name to be told in a sentence.
        zh = named.zh if not named.zh.isdigit() else f"{named.zh}室"
        return Text(zh, named.en if not named.en.isdigit() else f"room {named.en}")

    def has_name(self, room_id: PlaceId | None) -> bool:
        """Whether a room has a name of its own."""
        return room_id is not None and _named(self._around.rooms[room_id].name) is not None

    def door(self, door_id: PlaceId) -> Text | None:
        """A door's name, None where it has none."""
        named = _named(self._around.doors[door_id].name)
        return None if named is None else _with_kind(named, Text("{}门", "door {}"), _DOOR_WORDS)

    def rise(self, kind: RiseKind, rise_id: PlaceId | None) -> Text:
        """The name of stairs, a lift, and so on; a drawn way that is one has its kind."""
        rise = self._around.rises.get(rise_id or "")
        named = _named(rise.name) if rise is not None else None
        if named is None:
            return RISES[kind]
        kinds = RISES[kind]
        return _with_kind(named, Text(f"{{}}{kinds.zh}", f"{kinds.en.removeprefix('the ')} {{}}"), _RISE_WORDS)

    def landmark(self, landmark_id: PlaceId) -> Text:
        """A landmark by its kind, with its name where it has one."""
        mark = self._around.landmarks[landmark_id]
        named, kind = _named(mark.name), LANDMARKS[mark.kind]
        if named is None:
            return kind
        if mark.kind in ("sign", "gate", "other"):
            return named
        word = kind.en.removeprefix("the ")
        return _with_kind(named, Text(f"{kind.zh}{{}}", f"{word} {{}}"), ((kind.zh,), (word,)))


def _named(text: Text | None) -> Text | None:
    """A name in both languages: one that is blank in one of them has the other's there."""
    if text is None:
        return None
    zh, en = text.zh.strip(), text.en.strip()
    return Text(zh or en, en or zh) if zh or en else None


def _with_kind(name: Text, pattern: Text, words: tuple[Sequence[str], Sequence[str]]) -> Text:
    says_zh = any(word in name.zh for word in words[0])
    says_en = any(word in name.en.lower() for word in words[1])
    return Text(name.zh if says_zh else pattern.zh.format(name.zh), name.en if says_en else pattern.en.format(name.en))
