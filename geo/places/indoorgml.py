"""IndoorGML 1.0 (OGC 14-005r5), core and navigation -> a plan. Pure.

Cell spaces become rooms: the floor of each is the lowest level face of its solid. Transitions on one level become
doors, where their boundary stands or where the line between two states meets the wall; those between levels, rises.
Coordinates are a building's own; an ``Anchor`` says where it stands.
"""

from __future__ import annotations

import numpy as np
from shapely.geometry import MultiPolygon, Polygon

from geo.places.features import Feature, check_files, clean, stem, unreadable
from geo.places.findings import Imported
from geo.places.indoorgml_cells import (
    CELLS,
    Anchor,
    Cell,
    Report,
    Site,
    check_anchor,
    read_cells,
    read_levels,
)
from geo.places.indoorgml_links import BOUNDARIES, Doors, read_links, read_rises
from geo.places.model import Plan, Room
from geo.places.shapes import Shapes, positions_of
from geo.places.walls import RoomMap
from geo.places.xml_tree import read_tree
from geo.zones import AREA_MIN_M2
from mobile_contract.text import Text

# A door's own cell may be as thin as a leaf.
_DOOR_MIN_M2 = 0.01


def read_indoorgml(file: str, data: bytes, anchor: Anchor) -> Imported:
    """One IndoorGML document -> the plan and what was wrong with it.

    Raises Invalid for a document that can not be read at all or an anchor that is no place.
    """
    check_files({file: data})
    check_anchor(anchor)
    root = read_tree(file, data)
    if root.name != "IndoorFeatures":
        raise unreadable(file, "its root is not IndoorFeatures", "根元素不是 IndoorFeatures")
    shapes = Shapes([], (anchor.lon, anchor.lat))
    report = Report(file, shapes.findings)
    named = root.all(*CELLS, *BOUNDARIES, "Polygon")
    cells = read_cells(root, {own: one for one in named if (own := one.id) is not None}, anchor.metres_per_unit, report)
    site = Site(anchor, cells.values())
    levels, level_of = read_levels(cells, anchor.ground * anchor.metres_per_unit)
    kept, rooms = _rooms(cells, level_of, site, shapes, report)
    links = read_links(root, kept, anchor.metres_per_unit, report)
    flat = [link for link in links if level_of[link.cells[0]] == level_of[link.cells[1]]]
    steep = [link for link in links if level_of[link.cells[0]] != level_of[link.cells[1]]]
    name = clean(root.word("name")) or clean(stem(file)) or "?"
    plan = Plan(
        name=Text(name, name),
        levels=levels,
        rooms=rooms,
        doors=Doors(kept, level_of, RoomMap(rooms, site.projection), site, report).of(flat, root),
        rises=read_rises(steep, kept, level_of, levels, site),
    )
    return Imported(plan, shapes.findings)


def _rooms(
    cells: dict[str, Cell], level_of: dict[str, int], site: Site, shapes: Shapes, report: Report
) -> tuple[dict[str, Cell], list[Room]]:
    """The cells whose floor is fit for a room, and their rooms; a connection space is a door, not a room."""
    kept: dict[str, Cell] = {}
    rooms: list[Room] = []
    for cell in cells.values():
        # A floor of several parts is the largest: the others are steps and ledges.
        parts = list(cell.floor.geoms) if isinstance(cell.floor, MultiPolygon) else [cell.floor]
        largest = max(parts, key=lambda part: float(part.area))
        rings = [largest.exterior, *largest.interiors] if isinstance(largest, Polygon) else []
        outline = {"type": "Polygon", "coordinates": [site.degrees(np.array(r.coords)).tolist() for r in rings]}
        feature = Feature(
            id=cell.id, place=report.place(cell.id), file=report.file, properties={}, geometry=outline, members={}
        )
        shape = shapes.read(feature, _DOOR_MIN_M2 if cell.connection else AREA_MIN_M2, level_of[cell.id])
        if isinstance(shape, Polygon):
            kept[cell.id] = cell
            if not cell.connection:
                name = clean(cell.element.word("name"))
                rooms.append(
                    Room(
                        id=cell.id,
                        level=level_of[cell.id],
                        kind=cell.kind,
                        name=Text(name, name) if name else None,
                        polygon=positions_of(shape),
                    )
                )
    return kept, rooms
