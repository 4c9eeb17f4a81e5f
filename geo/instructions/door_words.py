"""Doors in words: by their name, by the room behind them, or counted on their side. Pure."""

from __future__ import annotations

from geo.instructions.amounts import ordinal
from geo.instructions.model import Step
from geo.instructions.names import Names
from geo.instructions.surroundings import Surroundings
from geo.instructions.turn_words import SIDES, TURN_SIDES, and_then
from mobile_contract.text import Text


class DoorWords:
    """The words for the door of a step of kind ``door``."""

    def __init__(self, around: Surroundings, names: Names) -> None:
        self._around, self._names = around, names

    def nameless(self, door: Step) -> bool:
        """Whether nothing but its place tells a door from another."""
        assert door.door is not None
        return self._names.door(door.door) is None and not self._names.has_name(door.into)

    def name(self, step: Step, *, by_room: bool = True) -> Text:
        """A door by its name, by the room behind it, or as a door."""
        assert step.door is not None
        named = self._names.door(step.door)
        if named is not None:
            return named
        if by_room and self._names.has_name(step.into):
            room = self._names.room(step.into)
            return Text(f"通往{room.zh}的门", f"the door to {room.en}")
        return Text("出口门", "the exit door") if self.leads_out(step) else Text("门", "the door")

    def counted(self, step: Step) -> bool:
        """Whether a door is told by its place in the row on its side: no name, or not the first into its room."""
        assert step.door is not None
        if self._names.door(step.door) is not None or self.leads_out(step):
            return False
        return (
            step.turn is not None
            and TURN_SIDES[step.turn] in ("left", "right")
            and (step.count > 1 or not self._names.has_name(step.into))
        )

    def phrase(self, step: Step, *, by_room: bool = True) -> Text:
        """A door with its side, on which one without a name is counted; not ``by_room`` where that is said anyway."""
        name = self.name(step, by_room=by_room)
        if step.turn is None:
            return name
        side = SIDES[TURN_SIDES[step.turn]]
        if self.counted(step):
            nth = ordinal(step.count)
            return Text(f"{side.zh}{nth.zh}门", f"the {nth.en} door {side.en}")
        return Text(f"{side.zh}的{name.zh}", f"{name.en} {side.en}")

    def leads_out(self, step: Step) -> bool:
        """Whether a door leads from a room to the outside."""
        assert step.door is not None
        door = self._around.doors[step.door]
        return step.into is None and step.leaves is not None and (door.exit or None in door.joins)

    def order(self, step: Step) -> Text:
        """Through the door, into what, and which way then; a badge is got out before."""
        through = self._through(step)
        assert step.door is not None
        if self._around.doors[step.door].state != "badge":
            return through
        return Text(f"准备好门卡。{through.zh}", f"Have your badge ready. {through.en}")

    def _through(self, step: Step) -> Text:
        door = self.phrase(step, by_room=False)
        then = and_then(step)
        if self.leads_out(step):
            return Text(f"从{door.zh}出去，到室外{then.zh}。", f"Go outside through {door.en}{then.en}.")
        if step.into is None:
            return Text(f"通过{door.zh}{then.zh}。", f"Go through {door.en}{then.en}.")
        room = self._names.room(step.into)
        return Text(f"通过{door.zh}，进入{room.zh}{then.zh}。", f"Go through {door.en} into {room.en}{then.en}.")
