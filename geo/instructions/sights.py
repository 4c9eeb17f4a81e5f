"""What a walker sees: the landmark a turn is at, where the way ends, what is passed, where the target is. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import shapely
from shapely import LineString, Point

from geo.instructions.headings import change, heading, side_of, turn_of
from geo.instructions.model import Pass, Side, Target, Where
from geo.instructions.moves import NEAR_M, Move, Way
from geo.instructions.path import NO_NODE
from geo.instructions.surroundings import XY, Surroundings
from geo.places.model import PlaceId
from geo.places.network import Network
from geo.zones import SHARED_WALL_M

# A turn is "at" a landmark that one could touch in two steps of 0.75 m from the middle of a corridor of 3 m.
AT_LANDMARK_M = 3.0
# Past this a thing beside the way is no longer beside it.
PASS_M = 5.0
# One confirmation is read, two are remembered, three are a list.
PASSES_MAX = 2
# A wall this near ahead ends the way: half of a corridor 6 m wide.
END_M = 3.0
# Of a door in a row this much nearer than another is passed before it: less than the width of its leaf.
DOORS_APART_M = 0.5
# Nearer than this a thing is on the way, on no side of it; a target is where one stands.
ON_WAY_M, HERE_M = 0.3, 0.5


def anchor(around: Surroundings, way: Way, move: Move, before: LineString | None, target: Target) -> PlaceId | None:
    """The landmark a turn is at: the nearest in sight, but not the target, which is named when one is there, and none
    that one would take another for that is passed on the walk before."""
    if move.kind != "turn":
        return None
    v = way.vertices[move.vertex]
    near = around.landmarks_near(v.level, LineString([(v.x, v.y)] * 2), AT_LANDMARK_M)
    eyes = around.off_wall(way.rooms[move.vertex - 1], (v.x, v.y))
    seen = [m.id for m in near if m.id != target.id and around.clear(v.level, eyes, around.landmark_at[m.id])]
    best = min(seen, key=lambda i: (round(math.dist((v.x, v.y), around.landmark_at[i]), 3), i), default=None)
    if best is None or before is None:
        return best
    mark = around.landmarks[best]
    passed = around.landmarks_near(v.level, before, PASS_M)
    return None if any((m.kind, m.name) == (mark.kind, mark.name) and m.id != best for m in passed) else best


def where(around: Surroundings, network: Network, way: Way, move: Move, room: PlaceId | None) -> Where:
    """Where a turn without a landmark is; ``room``: of the walk after it."""
    assert move.before is not None
    v = way.vertices[move.vertex]
    # A room that is open on all sides has neither bends nor junctions.
    for here in (way.rooms[move.vertex - 1], room):
        if here is not None and around.rooms[here].kind not in ("corridor", "outdoors"):
            return "distance"
    arms = _arms(around, network, v.node)
    if len(arms) <= 2:
        return "bend"
    ahead, aside = (_open(around, way, move, move.before + turn) for turn in (0.0, -math.copysign(90, move.turn or 0)))
    if not ahead:
        return "end" if aside else "bend"
    # A grid or a visibility graph has arcs in every direction, which are no ways that meet.
    if len(arms) > 4:
        return "distance"
    return "junction" if any(turn_of(change(move.before, arm)) == "straight" for arm in arms) else "end"


def _open(around: Surroundings, way: Way, move: Move, direction: float) -> bool:
    """Whether no wall ends the way in a direction from a turn."""
    v = way.vertices[move.vertex]
    x, y = around.off_wall(way.rooms[move.vertex - 1], (v.x, v.y))
    angle = math.radians(direction)
    return around.clear(v.level, (x, y), (x + END_M * math.cos(angle), y + END_M * math.sin(angle)))


def follows_itself(around: Surroundings, network: Network, way: Way, move: Move) -> bool:
    """Whether a turn is one that a corridor or path takes by itself: slight, and with no other way to go."""
    if move.kind != "turn" or move.turn is None or not turn_of(move.turn).startswith("slight"):
        return False
    return where(around, network, way, move, way.rooms[move.vertex]) == "bend"


def count_junctions(around: Surroundings, network: Network, way: Way, first: int, last: int) -> int:
    """Which junction the one at vertex ``last`` is on the walk from vertex ``first``, from 1."""
    between = way.nodes[way.vertices[first].index + 1 : way.vertices[last].index]
    return 1 + sum(len(_arms(around, network, node)) > 2 for node in between if node != NO_NODE)


def _arms(around: Surroundings, network: Network, node: int) -> list[float]:
    """The directions of the ways that leave a node on its level; a door beside it is no way."""
    graph = network.graph
    x, y = float(graph.x[node]), float(graph.y[node])
    arms = []
    for head in dict.fromkeys(graph.heads[graph.starts[node] : graph.starts[node + 1]].tolist()):
        to = (float(graph.x[head]), float(graph.y[head]))
        beside = network.nodes[head].of in around.doors and math.dist((x, y), to) <= NEAR_M
        if graph.level[head] == graph.level[node] and not beside:
            arms.append(heading(x, y, *to))
    return arms


def walked(way: Way, first: int, last: int) -> LineString | None:
    """The walk between two vertices, without the climb it may begin with; None where nobody walks."""
    places = [(way.vertices[i + 1].x, way.vertices[i + 1].y) for i in range(first, last) if not way.climbs[i]]
    if not places:
        return None
    begins = way.vertices[last - len(places)]
    line = LineString([(begins.x, begins.y), *places])
    return line if line.length > ON_WAY_M else None


def passes(
    around: Surroundings,
    run: LineString | None,
    place: tuple[int, PlaceId | None],
    taken: Collection[PlaceId | None],
    *,
    from_start: bool,
) -> list[Pass]:
    """Landmarks beside a walk and in sight from it, the nearest to the way, in order, but not those ``taken``;
    ``place``: its level and room."""
    if run is None:
        return []
    level, room = place
    near = [mark for mark in around.landmarks_near(level, run, PASS_M) if mark.id not in taken]
    places = [Point(around.landmark_at[mark.id]) for mark in near]
    # To a millimetre, as everything compared here is: a foot at a corner is there however the building lies.
    away, along = np.round(shapely.distance(run, places), 3), np.round(shapely.line_locate_point(run, places), 3)
    best: list[Pass] = []
    for i in sorted(range(len(near)), key=lambda i: (away[i], near[i].id)):
        at = around.landmark_at[near[i].id]
        foot, side = run.interpolate(along[i]), beside(run, at)
        # One beside the very beginning is behind a walker, but may be beside one who has yet to set off. What is beyond
        # the end is not passed, and may be behind the door the walk ends at.
        ahead = along[i] > 0 or (from_start and _abreast(run, at))
        passed = ahead and along[i] < round(run.length, 3) and side != "ahead"
        if passed and around.clear(level, around.off_wall(room, (foot.x, foot.y)), at):
            best.append(Pass(landmark=near[i].id, side=side, after_m=float(along[i])))
        if len(best) == PASSES_MAX:
            break
    return sorted(best, key=lambda passed: (passed.after_m, passed.landmark))


def _abreast(run: LineString, at: XY) -> bool:
    """Whether a place is to the left or right of the beginning of a walk, not behind it."""
    (x, y), *_ = run.coords
    q = run.interpolate(0.25)
    return side_of(change(heading(x, y, q.x, q.y), heading(x, y, *at))) in ("left", "right")


def beside(run: LineString, at: XY) -> Side:
    """On which side of a walk a place is; ``ahead`` where it is on the walk."""
    along = run.project(Point(at))
    p, q = run.interpolate(max(along - 0.25, 0.0)), run.interpolate(min(along + 0.25, run.length))
    foot = run.interpolate(along)
    if round(math.dist((foot.x, foot.y), at), 3) < ON_WAY_M:
        return "ahead"
    cross = (q.x - p.x) * (at[1] - foot.y) - (q.y - p.y) * (at[0] - foot.x)
    return "left" if cross > 0 else "right"


def count_doors(around: Surroundings, run: LineString | None, move: Move) -> int:
    """Which of the doors in its wall a door is along the walk before it, from 1."""
    crossing = move.crossing
    assert crossing is not None
    door = around.doors[crossing.door]
    if run is None or move.turn is None or side_of(move.turn) not in ("left", "right"):
        return 1
    x, y = around.door_at[door.id]
    at_m, through = run.project(Point(x, y)), math.radians(crossing.heading)
    count = 1
    for other in around.doors_of.get(crossing.rooms[0], []):
        to_x, to_y = around.door_at[other.id]
        out_of_wall_m = abs((to_x - x) * math.cos(through) + (to_y - y) * math.sin(through))
        if other.level == door.level and out_of_wall_m <= SHARED_WALL_M:
            count += 0 < run.project(Point(to_x, to_y)) < at_m - DOORS_APART_M
    return count


def arrival(around: Surroundings, way: Way, move: Move, target: Target) -> Side:
    """Where the target is as one comes to it: seen from the last corner, so that no step aside has to be told."""
    end = way.vertices[-1]
    seen = way.vertices[move.vertex if move.seen_from is None else move.seen_from]
    x, y = (end.x, end.y) if target.at is None else around.projection.to_metres([target.at])[0].tolist()
    # A room one has come into is on no side.
    if (
        move.before is None
        or (target.at is None and target.id in around.rooms)
        or round(math.dist((seen.x, seen.y), (x, y)), 3) <= HERE_M
    ):
        return "here"
    return side_of(change(move.before, heading(seen.x, seen.y, x, y)))
