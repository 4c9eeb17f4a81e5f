"""A path -> numbered steps: what to do, where, how far then, past what, and into which room. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy.typing as npt

from core.errors import Invalid
from geo.instructions.headings import bearing, turn_of
from geo.instructions.model import Caution, Directions, LeastHarm, Pass, Step, Target
from geo.instructions.moves import Move, Way, find_moves
from geo.instructions.names import Names
from geo.instructions.path import NODES, Ends
from geo.instructions.shaping import TOLERANCE_M, KeepOut, Vertex, shape
from geo.instructions.sights import anchor, arrival, count_doors, count_junctions, follows_itself, passes, walked, where
from geo.instructions.surroundings import Surroundings
from geo.places.model import PlaceId
from geo.places.network import Network
from mobile_contract.text import Text

# More junctions than this nobody counts who hurries.
JUNCTIONS_MAX = 3
# A centimetre; six places, 10 cm, are what RFC 7946, 11.2 finds enough on a map of the open country.
DEGREE_PLACES = 7


def direct(
    around: Surroundings,
    network: Network,
    arcs: npt.ArrayLike,
    millis: npt.ArrayLike,
    *,
    target: Target | None = None,
    facing_deg: float | None = None,
    cautions: Sequence[Caution] = (),
    least_harm: LeastHarm | None = None,
    tolerance_m: float = TOLERANCE_M,
    keep_out: KeepOut | None = None,
    ends: Ends = NODES,
) -> Directions:
    """The path of ``arcs`` (k) that take ``millis`` (k), in walking order -> the way as steps.

    ``facing_deg``: where the walker looks, clockwise from north. ``target`` None: what the last node stands for.
    ``ends``: where the way begins and ends, in metres, when that is halfway along its first or last arc. Raises Invalid
    for a path that is none, and for a way by a lift that a caution forbids.
    """
    shaped = shape(around, network, arcs, millis, tolerance_m=tolerance_m, keep_out=keep_out, ends=ends)
    way = find_moves(around, shaped, None if facing_deg is None else 90.0 - facing_deg)
    bends = [move.vertex for move in way.moves if follows_itself(around, network, way, move)]
    way.moves[:] = [move for move in way.moves if move.vertex not in bends or move.kind != "turn"]
    _check_lifts(way, cautions)
    aim = target if target is not None else target_of(around, network, way.vertices[-1].node)
    maker = _Maker(around, network, way, aim, bends)
    steps = [maker.step(number) for number in range(len(way.moves))]
    return Directions(
        steps=steps,
        target=aim,
        distance_m=sum(step.distance_m for step in steps),
        millis=way.vertices[-1].millis,
        cautions=list(cautions),
        least_harm=least_harm,
    )


def direct_here(
    around: Surroundings,
    network: Network,
    node: int,
    *,
    target: Target | None = None,
    cautions: Sequence[Caution] = (),
    least_harm: LeastHarm | None = None,
) -> Directions:
    """The way of one who is there already: an arrival and nothing else."""
    graph = network.graph
    x, y, level = float(graph.x[node]), float(graph.y[node]), int(graph.level[node])
    way = Way([node], [Vertex(0, node, x, y, level, 0)], [], [], [Move("arrive", 0)])
    aim = target if target is not None else target_of(around, network, node)
    steps = [_Maker(around, network, way, aim).step(0)]
    return Directions(steps=steps, target=aim, distance_m=0.0, millis=0, cautions=list(cautions), least_harm=least_harm)


def target_of(around: Surroundings, network: Network, node: int) -> Target:
    """What a node stands for, as a target: an assembly point, a door, a rise, else the room it is in."""
    names, stands = Names(around), network.nodes[node]
    for point in around.plan.assembly_points:
        if point.id == stands.of:
            return Target(name=point.name, id=point.id)
    if stands.of in around.doors:
        return Target(name=names.door(stands.of) or Text("门", "the door"), id=stands.of)
    if stands.of in around.rises:
        return Target(name=names.rise(around.rises[stands.of].kind, stands.of), id=stands.of)
    if stands.room is not None:
        return Target(name=names.room(stands.room), id=stands.room)
    return Target(name=Text("目的地", "your destination"))


def landmark_target(around: Surroundings, landmark_id: PlaceId) -> Target:
    """A landmark of the plan as a target."""
    return Target(name=Names(around).landmark(landmark_id), id=landmark_id, at=around.landmarks[landmark_id].at)


def _check_lifts(way: Way, cautions: Sequence[Caution]) -> None:
    if not any(caution.kind == "no_lift" for caution in cautions):
        return
    for move in way.moves:
        if move.climb is not None and move.climb.kind == "lift":
            raise Invalid(
                "geo.way_by_lift",
                "the way goes by a lift that must not be used",
                "路线经过禁止使用的电梯",
                field="arcs",
                value=move.climb.rise,
            )


class _Maker:
    """Makes each move of a way a step."""

    def __init__(
        self, around: Surroundings, network: Network, way: Way, target: Target, bends: Sequence[int] = ()
    ) -> None:
        self.around, self.network, self.way, self.target, self.bends = around, network, way, target, bends
        ends = [move.vertex for move in way.moves] + [way.moves[-1].vertex]
        self.spans = list(pairwise(ends))
        self.walks = [walked(way, first, last) for first, last in self.spans]
        before = [None, *self.walks]
        self.anchors = [anchor(around, way, move, before[i], target) for i, move in enumerate(way.moves)]

    def step(self, number: int) -> Step:
        """The step of a move: what it is, and the walk to the next."""
        move, (first, last) = self.way.moves[number], self.spans[number]
        vertices = self.way.vertices[first : last + 1]
        room = self._room(move, first, last)
        step = Step(
            number=number + 1,
            kind="turn",
            level=vertices[0].level,
            distance_m=sum(math.dist((p.x, p.y), (q.x, q.y)) for p, q in pairwise(vertices)),
            millis=vertices[-1].millis - vertices[0].millis,
            line=self._line(first, last),
            turn=None if move.turn is None else turn_of(move.turn),
            then=None if move.then is None else turn_of(move.then),
            room=room,
            bearing_deg=None if move.after is None else bearing(move.after),
            passes=self._passes(number, room),
            bends=any(first < vertex < last for vertex in self.bends),
        )
        return msgspec.structs.replace(step, **self._particulars(move, number, room))

    def _particulars(self, move: Move, number: int, room: PlaceId | None) -> dict[str, object]:
        """What only a step of its kind has."""
        if move.crossing is not None:
            leaves, into = move.crossing.rooms
            # Never the first: a way's first move is its start.
            count = count_doors(self.around, self.walks[number - 1], move)
            return {"kind": "door", "door": move.crossing.door, "into": into, "leaves": leaves, "count": count}
        if move.climb is not None:
            climb = move.climb
            end = climb.points[-1].level
            return {"kind": climb.kind, "rise": climb.rise, "up": climb.up, "floors": climb.floors, "to_level": end}
        if move.kind == "arrive":
            return {"kind": "arrive", "side": arrival(self.around, self.way, move, self.target), "turn": None}
        return {"kind": "start"} if move.kind == "start" else self._turn_place(move, number, room)

    def _turn_place(self, move: Move, number: int, room: PlaceId | None) -> dict[str, object]:
        if move.kind == "leave":
            return {"where": "rise"}
        mark = self.anchors[number]
        if mark is not None:
            return {"where": "landmark", "landmark": mark}
        place = where(self.around, self.network, self.way, move, room)
        if place != "junction":
            return {"where": place}
        nth = count_junctions(self.around, self.network, self.way, *self.spans[number - 1])
        return {"where": place, "count": nth} if nth <= JUNCTIONS_MAX else {"where": "distance"}

    def _passes(self, number: int, room: PlaceId | None) -> list[Pass]:
        taken = {self.target.id, *self.anchors[number : number + 2]}
        level = self.way.vertices[self.spans[number][1]].level
        return passes(self.around, self.walks[number], (level, room), taken, from_start=number == 0)

    def _line(self, first: int, last: int) -> dict[str, object]:
        places = [(v.x, v.y) for v in self.way.vertices[first : last + 1]]
        degrees = self.around.projection.to_degrees(places * 2 if len(places) == 1 else places)
        return {
            "type": "LineString",
            "coordinates": [[round(lon, DEGREE_PLACES), round(lat, DEGREE_PLACES)] for lon, lat in degrees.tolist()],
        }

    def _room(self, move: Move, first: int, last: int) -> PlaceId | None:
        """The room that most of a step's walk is in; without a walk, the one it stands in."""
        lengths: dict[PlaceId | None, float] = {}
        for i in range(first, last):
            if not self.way.climbs[i]:
                p, q = self.way.vertices[i], self.way.vertices[i + 1]
                lengths[self.way.rooms[i]] = lengths.get(self.way.rooms[i], 0.0) + math.dist((p.x, p.y), (q.x, q.y))
        if lengths:
            return max(lengths, key=lambda room: round(lengths[room], 3))
        if move.crossing is not None:
            return move.crossing.rooms[1]
        return self.network.nodes[self.way.vertices[last].node].room
