"""IMDF's categories in our terms. Pure."""

from __future__ import annotations

from typing import Any

from geo.places.model import DoorState, LandmarkKind, RoomKind

# A column of 10 cm by 10 cm still stands in the way.
SOLID_MIN_M2 = 0.01
DOOR_STATE: DoorState = "closed"

_SOLID = {"brick", "column", "concrete", "drywall", "glass", "opentobelow", "structure", "wood"}
_CORRIDOR = {"footbridge", "lobby", "movingwalkway", "platform", "walkway", "walkway.island"}
_OUTDOORS = {"parking", "road", "terrace", "unenclosedarea", "vegetation"}
_ROOM = {
    "auditorium", "classroom", "conferenceroom", "fieldofplay", "firstaid", "fitnessroom", "foodservice", "huddleroom",
    "kitchen", "laboratory", "library", "lounge", "mailroom", "mothersroom", "movietheater", "nonpublic", "office",
    "phoneroom", "privatelounge", "recreation", "restroom", "room", "serverroom", "shower", "smokingarea", "storage",
    "theater", "unspecified", "waitingroom",
}  # fmt: skip
_KINDS: dict[str, RoomKind] = {
    "stairs": "stairs",
    "steps": "stairs",
    "elevator": "lift",
    "escalator": "escalator",
    "ramp": "ramp",
}
LANDMARKS: dict[str, LandmarkKind] = {
    "defibrillator": "first_aid",
    "entry": "gate",
    "firealarmpullstation": "alarm_button",
    "fireextinguisher": "extinguisher",
    "firstaid": "first_aid",
    "shower": "shower",
    "signage": "sign",
}
# Without a leaf, one that is passed without a hand, and one that a hand opens.
_OPEN_TYPES = {"open"}
_CLOSED_TYPES = {
    "movablepartition", "revolving", "shutter", "sliding", "swinging", "turnstile", "turnstile.fullheight",
    "turnstile.waistheight", "door", "unspecified",
}  # fmt: skip
_BADGE = {
    "badgereader", "fingerprintreader", "guard", "keyaccess", "passwordaccess", "retinascanner", "voicerecognition",
}  # fmt: skip


def room_kind(category: object) -> RoomKind | None:
    """The kind of a unit; None when the category is not of IMDF 1.0.0."""
    if not isinstance(category, str):
        return None
    if category in _KINDS:
        return _KINDS[category]
    if category in _SOLID:
        return "solid"
    if category in _CORRIDOR:
        return "corridor"
    if category in _OUTDOORS:
        return "outdoors"
    return "room" if category.split(".", 1)[0] in _ROOM else None


def door_state(properties: dict[str, Any]) -> DoorState | None:
    """The state of an opening by its access control and its door; None when they are not IMDF's."""
    control = properties.get("access_control")
    controls = {word for word in control if isinstance(word, str)} if isinstance(control, list) else set()
    if "outofservice" in controls:
        return "locked"
    if controls & _BADGE:
        return "badge"
    door = properties.get("door")
    if door is None:
        # An opening without a door is a gap in a wall.
        return "open"
    kind = door.get("type") if isinstance(door, dict) else None
    if kind in _OPEN_TYPES:
        return "open"
    return "closed" if kind in _CLOSED_TYPES or (isinstance(door, dict) and kind is None) else None
