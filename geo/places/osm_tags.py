"""OpenStreetMap's tags for what is indoors (Simple Indoor Tagging) in our terms. Pure.

Source: wiki.openstreetmap.org, Simple Indoor Tagging, and the pages of the keys door, entrance, access, conveying and
emergency.
"""

from __future__ import annotations

import math
import re
from typing import Any

from geo.places.features import LEVEL_MAX, LEVEL_MIN, clean
from geo.places.model import DoorState, LandmarkKind, RiseKind, RoomKind
from mobile_contract.text import Text

# A building repeats a floor some tens of times.
LEVELS_PER_FEATURE_MAX = 200
WALKED = {"footway", "corridor", "path", "pedestrian", "steps", "ladder"}
DRIVEN = {"service", "residential", "unclassified", "tertiary", "living_street", "track"}
LANDMARKS: dict[str, LandmarkKind] = {
    "fire_extinguisher": "extinguisher",
    "fire_hydrant": "hydrant",
    "fire_hose": "hydrant",
    "first_aid_kit": "first_aid",
    "defibrillator": "first_aid",
    "fire_alarm_box": "alarm_button",
}
_RANGE = re.compile(r"(-?\d{1,3})-(-?\d{1,3})")
_INDOOR: dict[str, RoomKind] = {"room": "room", "area": "room", "corridor": "corridor", "wall": "solid"}
_ROOM: dict[str, RoomKind] = {
    "stairs": "stairs",
    "steps": "stairs",
    "elevator": "lift",
    "corridor": "corridor",
    "escalator": "escalator",
    "ramp": "ramp",
}


def tags_of(properties: dict[str, Any]) -> dict[str, str]:
    """The tags of a feature: its properties, or the ``tags`` within them; texts alone, and numbers as texts."""
    inner = properties.get("tags")
    given = properties | inner if isinstance(inner, dict) else properties
    texts = {}
    for key, value in given.items():
        text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if (read := clean(text)) is not None:
            texts[key] = read
    return texts


def levels_of(tags: dict[str, str]) -> list[int] | None:
    """The levels of ``level`` and ``repeat_on`` ("0;1", "0-2", "-2--1"), ascending; none stated: empty; bad: None."""
    found: set[int] = set()
    for given in (tags.get("level"), tags.get("repeat_on")):
        for part in given.split(";") if given is not None else []:
            numbers = _levels(part.strip())
            if numbers is None:
                return None
            found.update(numbers)
    return sorted(found) if len(found) <= LEVELS_PER_FEATURE_MAX else None


def _levels(part: str) -> list[int] | None:
    between = _RANGE.fullmatch(part)
    if between is not None:
        low, high = int(between.group(1)), int(between.group(2))
        return list(range(low, high + 1)) if LEVEL_MIN <= low <= high <= LEVEL_MAX else None
    number = number_of(part)
    if number is None or number != int(number) or not LEVEL_MIN <= number <= LEVEL_MAX:
        return None
    return [int(number)]


def number_of(text: str | None) -> float | None:
    """A finite number, with "m" after it or not."""
    try:
        number = float((text or "").removesuffix("m").strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def room_kind_of(tags: dict[str, str]) -> RoomKind | None:
    """The kind of an area; None when it is no room, corridor, area or wall."""
    if tags.get("highway") == "elevator":
        return "lift"
    if tags.get("conveying", "no") != "no":
        return "escalator"
    if tags.get("stairs") == "yes" or tags.get("highway") == "steps":
        return "stairs"
    if tags.get("room") in _ROOM:
        return _ROOM[tags["room"]]
    return _INDOOR.get(tags.get("indoor", "")) or ("room" if "room" in tags else None)


def door_state_of(tags: dict[str, str]) -> DoorState:
    """The state of a door or entrance."""
    if tags.get("access") == "no" or tags.get("locked") == "yes":
        return "locked"
    if tags.get("access") in ("private", "permit", "employees", "delivery", "key"):
        return "badge"
    return "open" if tags.get("door") in ("no", "open") or ("door" not in tags and "entrance" not in tags) else "closed"


def rise_kind_of(tags: dict[str, str]) -> RiseKind | None:
    """The kind of a line or point that leads up."""
    if tags.get("highway") == "elevator":
        return "lift"
    if tags.get("highway") == "ladder":
        return "ladder"
    if tags.get("highway") == "steps":
        return "escalator" if tags.get("conveying", "no") != "no" else "stairs"
    return "ramp" if tags.get("ramp") == "yes" else None


def name_of(tags: dict[str, str]) -> Text | None:
    """The name in both languages; a number (``ref``) where there is no name."""
    some = tags.get("name") or tags.get("ref")
    chinese, english = tags.get("name:zh") or some, tags.get("name:en") or some
    if chinese is None and english is None:
        return None
    return Text(chinese or english or "", english or chinese or "")
