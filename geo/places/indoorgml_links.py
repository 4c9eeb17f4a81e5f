"""What joins the cells of an IndoorGML document: doors on a level, rises between levels. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
from shapely.geometry import LineString, Point
from shapely.ops import nearest_points

from geo.graph.csr import Floats
from geo.places.features import ID_MAX_CHARS
from geo.places.gml_geometry import positions
from geo.places.indoorgml_cells import Cell, Report, Site
from geo.places.model import Door, Level, Rise, RiseKind, Stop
from geo.places.stacking import RISE_OF_ROOM, made_rise
from geo.places.walls import RoomMap
from geo.places.xml_tree import Element

BOUNDARIES = ("CellSpaceBoundary", "ConnectionBoundary", "AnchorBoundary", "NavigableBoundary", "TransferBoundary")
# There and back through one door are two transitions; drawn on both faces of a wall they are this near.
SAME_DOOR_M = 2.0
# A way that passes both rooms' walls within this passes the wall between them.
_WALL_M = 0.5
DOOR_WIDTH_M, _DOOR_MIN_M, _DOOR_MAX_M = 0.9, 0.3, 20.0
# Corners of a boundary this much above its lowest are not on the floor.
_FOOT_M = 0.05
_FOOT_CORNERS = 64
_BACK = "-REVERSE"
# Boundaries that may be exits: more than this are walls.
_MAYBE_MAX = 50


class Link(msgspec.Struct, frozen=True):
    """A transition between two cells: its line in metres of the drawing (none: no rows), and its boundary."""

    cells: tuple[str, str]
    line: Floats
    gate: Element | None


class _Through(msgspec.Struct):
    """A door being put together from transitions there and back."""

    cells: tuple[str, str]
    place: Point
    width_m: float
    back: bool = False


class _Gate(msgspec.Struct, frozen=True):
    """A boundary of a room; ``joined``: a transition goes through it."""

    id: str
    name: str
    room: str
    place: Point
    width_m: float
    joined: bool


def _one_boundary(one: _Gate, other: _Gate) -> bool:
    """Whether two are there and back of one: of one name, or named so as the editor of the published buildings does."""
    same = bool(one.name) and one.name == other.name
    return same or one.id == f"{other.id}{_BACK}" or other.id == f"{one.id}{_BACK}"


def read_links(root: Element, cells: Mapping[str, Cell], scale: float, report: Report) -> list[Link]:
    """The transitions that join two cells; the others are named, and states that stand for no cell.

    A transition has no direction (OGC 14-005r5, 7.2.3): files that give each twice, there and back, mean one door.
    """
    cell_of: dict[str, str] = {}
    refused = {own for one in root.all("cellSpaceMember") for own in [c.id for c in one.children] if own is not None}
    for state in root.all("State"):
        dual = next((one.href for one in state.own("duality")), None)
        if state.id is not None and dual is not None and dual in cells:
            cell_of[state.id] = dual
        elif dual is not None and dual not in refused:
            report.note(state.id, "reference_unknown", "noted", "duality 不存在", "its duality names no cell")
    gates = {dual.href: gate for gate in root.all(*BOUNDARIES) for dual in gate.own("duality")}
    links = []
    for transition in root.all("Transition"):
        ends = [one.href for one in transition.own("connects")]
        found = [cell_of[end] for end in ends if end in cell_of]
        if len(ends) != 2 or len(found) != 2 or found[0] == found[1]:
            report.note(transition.id, "reference_unknown", "refused", "没有连接两个空间", "it joins no two cells")
        else:
            gate = gates.get(transition.id) if transition.id else None
            links.append(Link((found[0], found[1]), positions(transition, scale), gate))
    return links


def read_rises(
    links: Sequence[Link], cells: Mapping[str, Cell], level_of: Mapping[str, int], levels: Sequence[Level], site: Site
) -> list[Rise]:
    """Rises of the transitions between levels: one through all the cells of a kind that follow on each other."""
    pairs = {tuple(sorted(link.cells, key=lambda own: level_of[own])) for link in links}
    columns: list[list[str]] = []
    for low, high in sorted(pairs, key=lambda pair: (level_of[pair[0]], pair)):
        under = next((c for c in columns if c[-1] == low and cells[low].kind == cells[high].kind), None)
        if under is None:
            columns.append([low, high])
        else:
            under.append(high)
    rises = []
    for number, column in enumerate(columns):
        kinds = [RISE_OF_ROOM[cells[own].kind] for own in column if cells[own].kind in RISE_OF_ROOM]
        kind: RiseKind = kinds[0] if kinds else "stairs"
        stops = []
        for own in column:
            point = cells[own].floor.representative_point()
            lon, lat = site.degrees(np.array([[point.x, point.y]]))[0].tolist()
            stops.append(Stop(level=level_of[own], at=(lon, lat), room=own))
        rises.append(made_rise(f"rise {number}", kind, stops, levels))
    return rises


class Doors:
    """Doors of the transitions on one level, of the connection spaces, and of the anchors that lead outside."""

    def __init__(
        self, cells: Mapping[str, Cell], level_of: Mapping[str, int], walls: RoomMap, site: Site, report: Report
    ) -> None:
        self.cells, self.level_of, self.site, self.report = cells, level_of, site, report
        self.polygons = {room.id: walls.polygons[index] for index, room in enumerate(walls.rooms)}
        self.found: dict[str, Door] = {}

    def of(self, links: Sequence[Link], root: Element) -> list[Door]:
        """The doors of these transitions and of the document's boundaries to the outside."""
        spaces: dict[str, list[str]] = {own: [] for own, cell in self.cells.items() if cell.connection}
        through: dict[frozenset[str], list[_Through]] = {}
        for link in links:
            door = next((own for own in link.cells if own in spaces), None)
            if door is not None:
                spaces[door] += [own for own in link.cells if own != door]
            elif all(own in self.polygons for own in link.cells):
                self._pass(link, through.setdefault(frozenset(link.cells), []))
        for passage in (one for found in through.values() for one in found):
            self._add(f"door {passage.cells[0]} {passage.cells[1]}", passage.cells, passage.place, passage.width_m)
        for own, rooms in spaces.items():
            self._space(self.cells[own], [room for room in dict.fromkeys(rooms) if room in self.polygons])
        self._anchors(root)
        return list(self.found.values())

    def _pass(self, link: Link, found: list[_Through]) -> None:
        """A transition is a door, or the way back through one that is not yet taken."""
        width_m, place = (DOOR_WIDTH_M, None) if link.gate is None else self._gate(link.gate)
        at = place or self._met(link)
        near = [
            one
            for one in found
            if one.cells == link.cells[::-1] and not one.back and one.place.distance(at) <= SAME_DOOR_M
        ]
        if near:
            one = min(near, key=lambda other: float(other.place.distance(at)))
            one.back = True
            one.place = Point((one.place.x + at.x) / 2, (one.place.y + at.y) / 2)
        else:
            found.append(_Through(link.cells, at, width_m))

    def _space(self, cell: Cell, rooms: list[str]) -> None:
        """A door as thick as its wall; with a room on one side alone, the other is the outside."""
        if not 1 <= len(rooms) <= 2:
            self.report.note(cell.id, "reference_unknown", "refused", "门没有连接一至两个房间", "it joins no two rooms")
            return
        point = cell.floor.representative_point()
        x, y = self.site.metres(np.array([[point.x, point.y]]))[0].tolist()
        sides = cell.floor.minimum_rotated_rectangle.length / 4
        outside = len(rooms) == 1
        self._add(cell.id, (rooms[0], None if outside else rooms[1]), Point(x, y), sides, cell.anchor or outside)

    def _anchors(self, root: Element) -> None:
        """Boundaries to the outside: an exit of the room that names them; there and back are one."""
        anchors = list(self._owned(root, "AnchorBoundary"))
        met: dict[str, list[Point]] = {}
        for one in anchors:
            other = next((it for it in anchors if it.room != one.room and _one_boundary(one, it)), None)
            if other is not None:
                self._inner(one, other)
            elif all(one.place.distance(place) > _WALL_M for place in met.setdefault(one.room, [])):
                met[one.room].append(one.place)
                self._add(f"exit {one.id}", (one.room, None), one.place, one.width_m, True)
        if not any(door.exit for door in self.found.values()):
            self._no_exit(root)

    def _owned(self, root: Element, *kinds: str) -> Iterator[_Gate]:
        """The boundaries of these kinds that a room names and that have a place."""
        owner = {part.href: own for own in self.polygons for part in self.cells[own].element.own("partialboundedBy")}
        for gate in root.all(*kinds):
            room = owner.get(gate.id)
            width_m, place = self._gate(gate)
            if gate.id is not None and room is not None and place is not None:
                joined = next(iter(gate.own("duality")), None) is not None
                yield _Gate(gate.id, gate.word("name"), room, place, width_m, joined)

    def _inner(self, one: _Gate, other: _Gate) -> None:
        """An anchor there and back of two rooms leads from one into the other: nobody is sent out by it."""
        if (one.room, one.id) > (other.room, other.id):
            return
        place = Point((one.place.x + other.place.x) / 2, (one.place.y + other.place.y) / 2)
        self._add(f"door {one.room} {other.room}", (one.room, other.room), place, one.width_m)
        self.report.note(
            one.id,
            "kind_unknown",
            "repaired",
            f"AnchorBoundary 同属 {one.room} 与 {other.room}，按两者之间的门处理，不作出口",
            f"an AnchorBoundary of {one.room} and {other.room}: taken as the door between them, not as an exit",
        )

    def _no_exit(self, root: Element) -> None:
        """Say what the document lacks, and which of its boundaries may be what is missing. A wall is one too, so that
        none is taken for an exit."""
        self.report.note(
            None,
            "not_walkable",
            "noted",
            "文件没有给出任何出口（无 AnchorBoundary、AnchorSpace，OGC 14-005r5），请补画出口门或集合点",
            "it names no way out: no AnchorBoundary and no AnchorSpace (OGC 14-005r5, navigation); draw a door with "
            "exit, or an assembly point",
        )
        maybe = [gate for gate in self._owned(root, *BOUNDARIES) if not gate.joined]
        shown: list[_Gate] = []
        for gate in maybe:
            inner = any(gate.room != other.room and _one_boundary(gate, other) for other in maybe)
            again = any(it.room == gate.room and it.place.distance(gate.place) <= _WALL_M for it in shown)
            if inner or again or len(shown) == _MAYBE_MAX:
                continue
            shown.append(gate)
            lon, lat = self.site.projection.to_degrees([(gate.place.x, gate.place.y)])[0].tolist()
            self.report.note(
                gate.id,
                "reference_unknown",
                "noted",
                f"{gate.room} 的边界没有对应的 Transition；若为出口，请画成出口门",
                f"a boundary of {gate.room} that no transition goes through: an exit, if it is an opening",
                at=(lon, lat),
                level=self.level_of[gate.room],
            )

    def _add(self, own: str, joins: tuple[str, str | None], place: Point, width_m: float, out: bool = False) -> None:
        lon, lat = self.site.projection.to_degrees([(place.x, place.y)])[0].tolist()
        short = own[: ID_MAX_CHARS - 6]
        number = sum(other == short or other.startswith(f"{short} #") for other in self.found)
        named = f"{short} #{number + 1}" if number else short
        self.found[named] = Door(
            id=named,
            level=self.level_of[joins[0]],
            at=(lon, lat),
            joins=joins,
            width_m=round(min(max(width_m, _DOOR_MIN_M), _DOOR_MAX_M), 3),
            exit=out,
        )

    def _gate(self, gate: Element) -> tuple[float, Point | None]:
        """The width of a boundary and the middle of its foot, in metres of the site."""
        places = positions(gate, self.site.scale)
        if not len(places):
            return DOOR_WIDTH_M, None
        foot = self.site.metres(places[places[:, 2] <= places[:, 2].min() + _FOOT_M])
        # Each corner with each: a gate has four, and one of thousands is measured by some of them.
        foot = foot[:: 1 + len(foot) // _FOOT_CORNERS]
        apart = np.hypot(*(foot[:, None] - foot[None]).transpose(2, 0, 1))
        i, j = np.unravel_index(int(apart.argmax()), apart.shape)
        return float(apart[i, j]), Point((foot[i] + foot[j]) / 2)

    def _met(self, link: Link) -> Point:
        """Where the way from one cell to the other passes the wall between them; its middle where no way is drawn."""
        one, other = (self.polygons[own].boundary for own in link.cells)
        wall = one.buffer(_WALL_M / 2).intersection(other.buffer(_WALL_M / 2))
        if len(link.line) < 2:
            return nearest_points(one, other if wall.is_empty else wall.centroid)[0]
        drawn = LineString(self.site.metres(link.line))
        met = drawn.intersection(wall)
        return nearest_points(one, drawn)[0] if met.is_empty else met.centroid
