"""How long people take: along a floor, up and down stairs, by lift, through a door. Pure.

Speeds are those of people who are not held up by others; a crowd's are the evacuation planner's.
"""

from __future__ import annotations

import math

from geo.graph.csr import ARC_MAX_MS
from geo.places.model import DoorState, RiseKind

# Corridor 1.2, stairs down 1.0, stairs up 0.8 m/s along the incline, at low density: IMO MSC.1/Circ.1533 (2016),
# annex 2, table 1.2. SFPE Handbook (5th ed., chapter 59) has 1.19 m/s on the level and 0.85 to 1.05 m/s on stairs.
WALK_M_S = 1.2
STAIRS_DOWN_M_S = 1.0
STAIRS_UP_M_S = 0.8
# Riser and going of a common stair: IBC 1011.5.2, 178 and 279 mm. The incline is 1.86 m for each metre of height.
RISER_M, GOING_M = 0.178, 0.279
STAIRS_INCLINE = math.hypot(RISER_M, GOING_M) / RISER_M
# Of a ramp that has no length of its own: 1 in 12 (ISO 21542:2021), walked as a floor.
RAMP_INCLINE = math.hypot(1.0, 12.0)
# EN 115-1: 0.5 m/s nominal, 30 degrees.
ESCALATOR_M_S, ESCALATOR_INCLINE = 0.5, 2.0
# A rated speed common in buildings of a few floors, and the average wait aimed at in offices (ISO 8100-32:2020).
LIFT_M_S, LIFT_WAIT_S = 1.0, 30.0
# Not a standard's: a person on a fixed ladder takes a rung (0.3 m, ISO 14122-4) a second; an owner's drill replaces it.
LADDER_M_S = 0.3
# Not a standard's: pulling a door open; nobody is slower by more than this who has both hands.
DOOR_OPEN_S = 1.0
DOOR_BADGE_S = 3.0
# Of a road in a plant without a limit of its own, the main ones apart: GB 4387-2008, 6.4.1. Vehicles on duty are not
# bound by it (6.4.3); whoever waits for them is told no earlier time.
ROAD_KMH = 20.0
# A floor of an industrial building where the plan does not say.
STOREY_M = 4.0


def walk_millis(metres: float) -> int:
    """Time along a floor, whole milliseconds, at least one."""
    return whole_millis(metres / WALK_M_S)


def road_millis(metres: float, max_kmh: float | None) -> int:
    """Time of a vehicle along a road, whole milliseconds, at least one."""
    return whole_millis(metres * 3.6 / (ROAD_KMH if max_kmh is None else max_kmh))


def rise_seconds(kind: RiseKind, height_m: float) -> tuple[float, float]:
    """Seconds up and down a rise of ``height_m``."""
    match kind:
        case "stairs":
            return height_m * STAIRS_INCLINE / STAIRS_UP_M_S, height_m * STAIRS_INCLINE / STAIRS_DOWN_M_S
        case "ramp":
            seconds = height_m * RAMP_INCLINE / WALK_M_S
        case "escalator":
            seconds = height_m * ESCALATOR_INCLINE / ESCALATOR_M_S
        case "lift":
            seconds = height_m / LIFT_M_S
        case "ladder":
            seconds = height_m / LADDER_M_S
    return seconds, seconds


def door_seconds(state: DoorState) -> float:
    """Seconds to pass a door that one may pass; a locked one is banned by whoever asks."""
    return {"open": 0.0, "closed": DOOR_OPEN_S, "badge": DOOR_BADGE_S, "locked": DOOR_BADGE_S}[state]


def whole_millis(seconds: float) -> int:
    """Seconds as the graph's milliseconds: 1 to ARC_MAX_MS."""
    return min(max(round(seconds * 1000), 1), ARC_MAX_MS)
