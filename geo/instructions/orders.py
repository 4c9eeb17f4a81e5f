"""One step as an order: a verb, where, and how far then. Pure.

Short sentences, one action each, and every turn says where it is: a person who runs, hears an alarm and has never been
here must not have to ask back.
"""

from __future__ import annotations

from geo.instructions.amounts import about, compass, floors, metres, ordinal
from geo.instructions.door_words import DoorWords
from geo.instructions.model import Directions, Step
from geo.instructions.names import Names
from geo.instructions.surroundings import Surroundings
from geo.instructions.turn_words import SIDES, TURN_SIDES, TURNS, and_then
from geo.places.model import PlaceId
from mobile_contract.text import Text

# A walk this long is told with its time; over a shorter one nobody looks at a clock.
LONG_WALK_MS = 45_000
# Nearer than this there is no walk to tell of.
NO_WALK_M = 0.5


class Orders:
    """The orders of a way; ``spoken``: units in full, as they are read aloud."""

    def __init__(self, around: Surroundings, directions: Directions, *, spoken: bool = False) -> None:
        self._around, self._steps, self._target = around, directions.steps, directions.target
        self._names, self._spoken = Names(around), spoken
        self._doors = DoorWords(around, self._names)

    def order(self, at: int) -> Text:
        """What to do at a step, and the walk from it to the next."""
        step = self._steps[at]
        match step.kind:
            case "start":
                return self._start(at)
            case "turn":
                return join(self._turn(at), self._walk(at))
            case "door":
                return join(self._doors.order(step), self._walk(at))
            case "arrive":
                return self._arrive(step)
            case _:
                # The few steps after it lead to what the next step is about.
                return self._climb(step)

    def short(self, at: int) -> Text:
        """For a watch: what, and how far then."""
        step = self._steps[at]
        walk = self._metres(step.distance_m) if step.distance_m >= NO_WALK_M else None
        match step.kind:
            case "arrive":
                return _capital(self._target.name)
            case "start":
                what = self._goal(at) if at + 1 < len(self._steps) else None
            case "turn":
                what = TURNS[step.turn or "straight"]
            case "door":
                what = self._doors.name(step)
                if step.then not in (None, "straight"):
                    what = _comma(what, TURNS[step.then])
            case _:
                level = self._names.level(self._last_level(step))
                what, walk = Text(f"到{level.zh}", f"to {level.en}"), None
        if what is None or walk is None:
            return _capital(what or walk or self._names.level(step.level))
        return _capital(_comma(what, walk))

    def check(self, at: int) -> Text | None:
        """How one knows that one is right: what one passes, and where one then is."""
        step, said = self._steps[at], None
        if step.kind == "door" and step.into is not None and self._telling(step.into):
            room = self._names.room(step.into)
            said = Text(f"门后是{room.zh}。", f"Behind the door is {room.en}.")
        elif step.to_level is not None:
            level = self._names.level(step.to_level)
            said = Text(f"确认已到{level.zh}。", f"Check that you are on {level.en}.")
        for passed in step.passes:
            mark, side = self._names.landmark(passed.landmark), SIDES[passed.side]
            said = join(said, Text(f"途中{side.zh}有{mark.zh}。", f"You pass {mark.en} {side.en}."))
        return said

    def _telling(self, room: PlaceId) -> bool:
        """Whether one sees that one is in a room and in no other."""
        return self._names.has_name(room) or self._around.rooms[room].kind != "room"

    def _metres(self, distance_m: float) -> Text:
        return metres(distance_m, spoken=self._spoken)

    def _start(self, at: int) -> Text:
        step, following = self._steps[at], self._steps[at + 1]
        room, level = self._names.room(step.room), self._names.level(step.level)
        if step.room is None and step.level in self._around.walls:
            here = Text("您在室外。", "You are outside.")
        elif step.room is None:
            here = Text(f"您在{level.zh}。", f"You are on {level.en}.")
        else:
            here = Text(f"您在{level.zh}的{room.zh}。", f"You are in {room.en} on {level.en}.")
        if step.turn is not None:
            turn = TURNS[step.turn]
            return join(here, Text(f"{turn.zh}。", f"{_capital(turn).en}."), self._walk(at))
        if following.kind == "door" and self._enclosed(step):
            return join(here, self._leave_by(step, following))
        return join(here, self._set_off(step), self._walk(at))

    def _enclosed(self, step: Step) -> bool:
        """Whether one stands in a room, which one leaves by a door; a corridor one goes along."""
        return step.room is not None and self._around.rooms[step.room].kind not in ("corridor", "outdoors")

    def _leave_by(self, step: Step, door: Step) -> Text:
        """Out of the room one is in: its door is what one looks for, so no direction is needed where it has a name."""
        name = self._doors.name(door)
        zh, en = name.zh, name.en
        if self._doors.nameless(door) and step.bearing_deg is not None:
            point = compass(step.bearing_deg)
            zh, en = f"{point.zh}面的{zh}", f"{en} to the {point.en}"
        if step.distance_m < NO_WALK_M:
            return Text(f"从{zh}出去。", f"Leave by {en}.")
        far = self._metres(step.distance_m)
        return Text(f"从{zh}出去，距离{far.zh}。", f"Leave by {en}, {far.en} away.")

    def _set_off(self, step: Step) -> Text | None:
        """Which way to face: by the compass, where nothing is known of the way one faces."""
        if step.bearing_deg is None or step.distance_m < NO_WALK_M:
            return None
        point = compass(step.bearing_deg)
        return Text(f"面朝{point.zh}。", f"Face {point.en}.")

    def _turn(self, at: int) -> Text:
        step = self._steps[at]
        turn = TURNS[step.turn or "straight"]
        before = self._steps[at - 1]
        match step.where:
            case "landmark":
                assert step.landmark is not None
                mark = self._names.landmark(step.landmark)
                return Text(f"在{mark.zh}处{turn.zh}。", f"At {mark.en}, {turn.en}.")
            case "end":
                room = self._names.room(before.room) if before.room is not None else Text("路", "the path")
                return Text(f"在{room.zh}尽头{turn.zh}。", f"At the end of {room.en}, {turn.en}.")
            case "bend":
                return Text(f"在拐弯处{turn.zh}。", f"At the bend, {turn.en}.")
            case "junction":
                place = _junction(step)
                return Text(f"在{place.zh}{turn.zh}。", f"At {place.en}, {turn.en}.")
            case "rise":
                return self._leave(self._rise(before), step)
            case _:
                far = self._metres(before.distance_m)
                return Text(f"走{far.zh}后{turn.zh}。", f"After {far.en}, {turn.en}.")

    def _leave(self, rise: Text, step: Step) -> Text:
        if step.turn is None or step.turn == "straight":
            leave = Text(f"离开{rise.zh}。", f"Leave {rise.en}.")
            return leave if step.turn else join(leave, self._set_off(step))
        turn = TURNS[step.turn]
        return Text(f"离开{rise.zh}后{turn.zh}。", f"From {rise.en}, {turn.en}.")

    def _walk(self, at: int) -> Text | None:
        """The walk to the next step: how far, along what, to what."""
        step = self._steps[at]
        if step.distance_m < NO_WALK_M:
            return None
        far, goal = self._metres(step.distance_m), self._goal(at)
        along = self._along(step)
        time = about(step.millis, spoken=self._spoken) if step.millis >= LONG_WALK_MS else None
        zh = f"{along.zh}直行{far.zh}" if far.zh.endswith("米") else f"{along.zh}走{far.zh}"
        en = f"Go {far.en}{along.en}"
        if step.bends:
            zh, en = f"{along.zh or '沿路'}前行{far.zh}", en if along.en else f"Follow the path {far.en}"
        if goal is not None:
            zh, en = f"{zh}，到{goal.zh}", f"{en} to {goal.en}"
        if time is not None:
            zh, en = f"{zh}（{time.zh}）", f"{en} ({time.en})"
        return Text(f"{zh}。", f"{en}.")

    def _along(self, step: Step) -> Text:
        """Along a corridor, through a room that has a name; not what the same sentence has just named."""
        if step.room is None or (step.kind == "door" and step.into == step.room):
            return Text("", "")
        room, kind = self._names.room(step.room), self._around.rooms[step.room].kind
        if kind == "corridor":
            return Text(f"沿{room.zh}", f" along {room.en}")
        if self._names.has_name(step.room) and step.kind != "start":
            return Text(f"穿过{room.zh}", f" through {room.en}")
        return Text("", "")

    def _goal(self, at: int) -> Text | None:
        """What the walk of a step leads to, by the step that follows; None: nothing that has a name."""
        step, following = self._steps[at], self._steps[at + 1]
        match following.kind:
            case "door":
                by_place = self._doors.nameless(following) or self._doors.counted(following)
                return self._doors.phrase(following) if by_place else self._doors.name(following)
            case "arrive":
                # Through a room to that same room is no goal to give.
                return self._target.name if step.room is None or self._target.id != step.room else None
            case "turn":
                return self._turn_place(at)
            case _:
                return self._rise(following)

    def _turn_place(self, at: int) -> Text | None:
        step, following = self._steps[at], self._steps[at + 1]
        match following.where:
            case "landmark":
                assert following.landmark is not None
                return self._names.landmark(following.landmark)
            case "end" if step.room is not None:
                room = self._names.room(step.room)
                return Text(f"{room.zh}尽头", f"the end of {room.en}")
            case "end":
                return Text("路尽头", "the end of the path")
            case "bend":
                return Text("拐弯处", "the bend")
            case "junction":
                return _junction(following)
            case _:
                return None

    def _rise(self, step: Step) -> Text:
        assert step.kind in ("stairs", "ramp", "escalator", "lift", "ladder")
        return self._names.rise(step.kind, step.rise)

    def _last_level(self, step: Step) -> int:
        return step.level if step.to_level is None else step.to_level

    def _climb(self, step: Step) -> Text:
        rise, level = self._rise(step), self._names.level(self._last_level(step))
        zh, en = rise.zh, rise.en
        if step.turn is not None and TURN_SIDES[step.turn] != "ahead":
            side = SIDES[TURN_SIDES[step.turn]]
            zh, en = f"{side.zh}的{zh}", f"{en} {side.en}"
        order, then = self._rising(step, Text(zh, en), level), and_then(step)
        return Text(f"{order.zh}{then.zh}。", f"{order.en}{then.en}.")

    def _rising(self, step: Step, rise: Text, level: Text) -> Text:
        up, flights = step.up, floors(step.floors)
        zh_way, en_way = ("上", "up") if up else ("下", "down")
        if up is None:
            return Text(f"走{rise.zh}", f"Take {rise.en}")
        if step.floors == 0:
            return Text(f"走{rise.zh}{zh_way}去", f"Go {en_way} {rise.en}")
        match step.kind:
            case "stairs":
                return Text(
                    f"走{rise.zh}{zh_way}{flights.zh}楼，到{level.zh}",
                    f"Go {en_way} {rise.en}, {flights.en}, to {level.en}",
                )
            case "lift" | "escalator":
                return Text(f"乘{rise.zh}{zh_way}到{level.zh}", f"Take {rise.en} {en_way} to {level.en}")
            case "ladder":
                return Text(f"沿{rise.zh}爬{zh_way}到{level.zh}", f"Climb {en_way} {rise.en} to {level.en}")
            case _:
                return Text(f"沿{rise.zh}{zh_way}到{level.zh}", f"Go {en_way} {rise.en} to {level.en}")

    def _arrive(self, step: Step) -> Text:
        name = self._target.name
        if step.side is None or step.side == "here":
            return Text(f"到达{name.zh}。", f"You are there: {name.en}.")
        side = SIDES[step.side]
        return Text(f"到达：{name.zh}在您{side.zh}。", f"You are there: {name.en} is {side.en}.")


def _junction(step: Step) -> Text:
    if step.count == 1:
        return Text("岔口", "the junction")
    nth = ordinal(step.count)
    return Text(f"{nth.zh}岔口", f"the {nth.en} junction")


def join(*sentences: Text | None) -> Text:
    """Sentences one after the other."""
    there = [sentence for sentence in sentences if sentence is not None]
    return Text("".join(s.zh for s in there), " ".join(s.en for s in there))


def _comma(one: Text, other: Text) -> Text:
    return Text(f"{one.zh}，{other.zh}", f"{one.en}, {other.en}")


def _capital(text: Text) -> Text:
    return Text(text.zh, text.en[:1].upper() + text.en[1:])
