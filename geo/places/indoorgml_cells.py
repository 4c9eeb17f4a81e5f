"""The cell spaces of an IndoorGML document, and where on the earth they stand. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
from shapely.geometry.base import BaseGeometry

from core.errors import Invalid
from geo.graph.csr import Floats
from geo.places.features import ID_MAX_CHARS, clean
from geo.places.findings import Finding, FindingKind, Outcome
from geo.places.gml_geometry import floor_of
from geo.places.model import Level, Position, RoomKind
from geo.places.xml_tree import Element
from geo.projection import Projection
from mobile_contract.text import Text

CELLS = (
    "CellSpace",
    "GeneralSpace",
    "TransitionSpace",
    "ConnectionSpace",
    "AnchorSpace",
    "NavigableSpace",
    "TransferSpace",
    "NonNavigableSpace",
)
# Floors nearer than this are one level with a step; a mezzanine is higher.
LEVEL_APART_M = 1.5

# Functions of the navigation module by their OmniClass codes, as the standard's examples use them.
_FUNCTIONS: dict[str, RoomKind] = {"1110": "lift", "1120": "stairs", "1000": "corridor"}
_WORDS: dict[str, RoomKind] = {
    "elevator": "lift",
    "lift": "lift",
    "stair": "stairs",
    "stairs": "stairs",
    "escalator": "escalator",
    "ramp": "ramp",
    "corridor": "corridor",
}
_STOREY = re.compile(r'storey="([^"]{1,20})"')
_INDOOR = re.compile(r'indoor="([a-z]{1,20})"')


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a drawing stands: its point ``x``, ``y`` (its own units; None: its middle) lies at ``lon``, ``lat``.

    ``rotation_deg``: of its x axis from east, counter-clockwise. ``metres_per_unit``: of its coordinates. ``ground``:
    the height of the ground floor in its own units.
    """

    lon: float
    lat: float
    x: float | None = None
    y: float | None = None
    rotation_deg: float = 0.0
    metres_per_unit: float = 1.0
    ground: float = 0.0


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A cell space that was read: its floor in metres of the drawing, its height, and what it is.

    ``connection``: a door as thick as its wall; ``anchor``: one that leads outside.
    """

    id: str
    element: Element
    kind: RoomKind
    connection: bool
    anchor: bool
    floor: BaseGeometry
    height_m: float
    storey: str | None


class Site:
    """Metres of the drawing -> metres of the site and positions."""

    def __init__(self, anchor: Anchor, cells: Iterable[Cell]) -> None:
        self.projection = Projection(anchor.lon, anchor.lat)
        self.scale = anchor.metres_per_unit
        bounds = np.array([cell.floor.bounds for cell in cells] or [(0.0, 0.0, 0.0, 0.0)])
        middle = (bounds[:, :2].min(axis=0) + bounds[:, 2:].max(axis=0)) / 2
        x = middle[0] if anchor.x is None else anchor.x * self.scale
        y = middle[1] if anchor.y is None else anchor.y * self.scale
        angle = math.radians(anchor.rotation_deg)
        self._origin = np.array([x, y])
        self._turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])

    def metres(self, places: Floats) -> Floats:
        """Places (n, 2 or 3) of the drawing -> metres of the site (n, 2)."""
        turned: Floats = (places[:, :2] - self._origin) @ self._turn
        return turned

    def degrees(self, places: Floats) -> Floats:
        """Places (n, 2 or 3) of the drawing -> positions (n, 2)."""
        return self.projection.to_degrees(self.metres(places))


class Report:
    """The findings of one document, each place named by file and gml:id."""

    def __init__(self, file: str, findings: list[Finding]) -> None:
        self.file, self.findings = file, findings

    def place(self, own: str | None) -> str:
        """A thing's name in the findings."""
        return f"{self.file}#{clean(own, ID_MAX_CHARS) or '?'}"

    def note(
        self,
        own: str | None,
        kind: FindingKind,
        outcome: Outcome,
        zh: str,
        en: str,
        *,
        at: Position | None = None,
        level: int | None = None,
    ) -> None:
        """Add a finding about a thing; None: about the document."""
        place = self.file if own is None and kind == "not_walkable" else self.place(own)
        self.findings.append(Finding(kind=kind, outcome=outcome, place=place, detail=Text(zh, en), at=at, level=level))


def check_anchor(anchor: Anchor) -> None:
    """Raise Invalid, naming the field, unless its numbers are some."""
    for field in ("x", "y", "rotation_deg", "ground"):
        value = getattr(anchor, field)
        if value is not None and not -1e9 <= value <= 1e9:
            raise Invalid("geo.anchor_invalid", f"{field} is no number", f"{field} 不是数字", field=field, limit=1e9)
    if not 1e-4 <= anchor.metres_per_unit <= 1e4:
        raise Invalid(
            "geo.anchor_invalid",
            "metres_per_unit is 0.0001 to 10000",
            "metres_per_unit 须在 0.0001 至 10000",
            field="metres_per_unit",
            limit=[1e-4, 1e4],
        )


def read_cells(root: Element, by_id: Mapping[str, Element], scale: float, report: Report) -> dict[str, Cell]:
    """The cell spaces with a floor, by id; the others are named."""
    found: dict[str, Cell] = {}
    for number, element in enumerate(root.all(*CELLS)):
        own = clean(element.id, ID_MAX_CHARS) or f"cell {number}"
        if own in found:
            report.note(own, "duplicate_id", "refused", "编号重复", "the id is given twice")
            continue
        holder = next((one for one in element.children if one.name in _GEOMETRY), None)
        floor = None if holder is None else floor_of(holder, by_id, scale)
        if floor is None or floor[0].is_empty:
            report.note(own, "geometry_unknown", "refused", "没有可作地面的几何", "it has no face that is a floor")
            continue
        words = element.word("description")[:1000]
        storey = _STOREY.search(words)
        found[own] = Cell(
            id=own,
            element=element,
            kind=_kind(element, words),
            connection=element.name in ("ConnectionSpace", "AnchorSpace"),
            anchor=element.name == "AnchorSpace",
            floor=floor[0],
            height_m=floor[1],
            storey=clean(element.word("storey"), 20) or (clean(storey.group(1)) if storey else None),
        )
    return found


def read_levels(cells: Mapping[str, Cell], ground_m: float) -> tuple[list[Level], dict[str, int]]:
    """Floors by the heights of the cells, the one nearest to the ground's height 0; and the level of each cell."""
    floors: list[list[float]] = []
    for height in sorted({cell.height_m for cell in cells.values()}):
        if floors and height - floors[-1][-1] < LEVEL_APART_M:
            floors[-1].append(height)
        else:
            floors.append([height])
    zero = min(range(len(floors)), key=lambda i: abs(floors[i][0] - ground_m), default=0)
    number = {height: index - zero for index, floor in enumerate(floors) for height in floor}
    level_of = {cell.id: number[cell.height_m] for cell in cells.values()}
    levels = []
    for index, floor in enumerate(floors):
        said = Counter(cell.storey for cell in cells.values() if cell.storey and cell.height_m in floor)
        named = said.most_common(1)[0][0] if said else None
        name = Text(f"{named} 层", f"Storey {named}") if named else Text(f"{index - zero} 层", f"Level {index - zero}")
        levels.append(Level(level=index - zero, name=name, height_m=round(floor[0] - floors[zero][0], 3)))
    return levels, level_of


_GEOMETRY = ("cellSpaceGeometry", "Geometry3D", "Geometry2D")


def _kind(element: Element, words: str) -> RoomKind:
    if element.name == "NonNavigableSpace":
        return "solid"
    said = _INDOOR.search(words)
    if said is not None and said.group(1) in _WORDS:
        return _WORDS[said.group(1)]
    if element.word("function") in _FUNCTIONS:
        return _FUNCTIONS[element.word("function")]
    return "corridor" if element.name == "TransitionSpace" else "room"
