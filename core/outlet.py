"""The one place every output passes on its way out of Muster; a drill is inhibited here and nowhere else.

Whatever moves a machine or speaks to somebody asks ``release`` first, and the code that does the sending takes the
``Released`` it answers as an argument: without it there is nothing to call. What a drill may not do raises Inhibited.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from core.metrics import counter

INHIBITED = counter("outputs_inhibited", "Outputs held back because their incident is a drill, by kind.", ("kind",))


class Output(StrEnum):
    """What leaves, and towards whom."""

    ACTUATOR = "actuator"
    """A command on the wire to a machine, fan, siren, valve."""
    PERSON = "person"
    """An order or a message to a person of the plant, on any channel."""
    OUTSIDE = "outside"
    """Somebody outside the plant: fire brigade, authority, neighbour. By telephone text, mail or call."""
    FEED = "feed"
    """Another system: CAP and webhooks. In a drill it goes out marked as an exercise, never as actual."""


class Inhibited(Exception):
    """The output belongs to a drill and stays inside."""

    def __init__(self, output: Output) -> None:
        super().__init__(f"a drill does not reach {output.value}")
        self.output = output


class Released(msgspec.Struct, frozen=True):
    """Leave to send one output; ``exercise``: it must say that it is a drill. Made by ``release`` alone."""

    output: Output
    exercise: bool


_IN_DRILLS = frozenset({Output.PERSON, Output.FEED})


def release(output: Output, *, exercise: bool) -> Released:
    """Leave to send, or Inhibited: in a drill no machine moves and nobody outside is called."""
    if exercise and output not in _IN_DRILLS:
        INHIBITED.labels(output.value).inc()
        raise Inhibited(output)
    return Released(output, exercise)
