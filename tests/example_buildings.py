"""Buildings that instructions are told in: a corridor with a corner, a junction, stairs, a lift, a hall over a grid."""

from __future__ import annotations

from geo.places.model import Level
from geo.places.network import ArcKind
from mobile_contract.text import Text
from tests.small_buildings import Building


def l_corridor(*, turned_deg: float = 0.0, mirrored: bool = False) -> Building:
    """A laboratory, a corridor with a corner, a store on its right with an eye wash."""
    b = Building(turned_deg=turned_deg, mirrored=mirrored)
    b.room("lab", (0, 2, 8, 10), name="101实验室|Laboratory 101")
    b.shape("cor", [(0, 0), (22, 0), (22, 20), (20, 20), (20, 2), (0, 2)], "corridor", "A走廊|Corridor A")
    b.room("store", (22, 10, 30, 20), name="库房|Store")
    b.door("D1", (6, 2), ("lab", "cor"), "D1")
    b.door("D2", (22, 15), ("cor", "store"))
    b.node("s", (4, 6), "lab")
    b.node("c1", (6, 1), "cor")
    b.node("c2", (21, 1), "cor")
    b.node("c3", (21, 15), "cor")
    b.node("t", (25, 15), "store")
    b.landmark("E1", "extinguisher", (12, 2))
    b.landmark("EW", "eye_wash", (26, 13.5))
    b.link("s", "D1", "c1", "c2", "c3", "D2", "t")
    return b


L_WAY = ("s", "D1", "c1", "c2", "c3", "D2", "t")


def t_junction(*, extinguisher: bool = False, turned_deg: float = 0.0, mirrored: bool = False) -> Building:
    """A side corridor that ends in a main one; to the right an unnamed room behind the third door on the left."""
    b = Building(turned_deg=turned_deg, mirrored=mirrored)
    b.room("lab", (-5, -6, 5, 0), name="化验室|Assay Laboratory")
    b.room("side", (-1, 0, 1, 8), "corridor", "支走廊|Side Corridor")
    b.room("main", (-15, 8, 25, 10), "corridor", "主走廊|Main Corridor")
    b.door("D", (0, 0), ("lab", "side"))
    b.node("s", (0, -3), "lab")
    b.node("j", (0, 9), "main")
    b.node("w", (-12, 9), "main")
    keys = ["j"]
    for i in range(3):
        x = 6.0 + 6 * i
        b.room(f"r{i}", (x - 3, 10, x + 3, 16))
        b.door(f"R{i}", (x, 10), (f"r{i}", "main"))
        b.node(f"c{i}", (x, 9), "main")
        b.node(f"i{i}", (x, 14), f"r{i}")
        b.link(f"c{i}", f"R{i}", f"i{i}")
        keys.append(f"c{i}")
    if extinguisher:
        b.landmark("EX", "extinguisher", (0, 10), "E7")
    b.link("s", "D", "j", "w")
    b.link(*keys)
    return b


T_WAY = ("s", "D", "j", "c0", "c1", "c2", "R2", "i2")


def stairwell(*, turned_deg: float = 0.0, mirrored: bool = False) -> Building:
    """Three floors with a stairwell behind fire doors; its stops lie over one another. A lift beside it."""
    levels = [Level(level=i, name=Text(f"{i + 1}层", f"Floor {i + 1}")) for i in range(3)]
    b = Building(turned_deg=turned_deg, mirrored=mirrored, levels=levels)
    for i in range(3):
        b.room(f"cor{i}", (0, 0, 20, 2), "corridor", None, i)
        b.room(f"st{i}", (20, 0, 26, 3), "stairs", None, i)
        b.door(f"F{i}", (20, 1), (f"cor{i}", f"st{i}"), f"防火门F{i}|fire door F{i}", i)
        b.room(f"r{i}", (0, 2, 8, 8), "room", f"{i}01", i)
        b.door(f"R{i}", (4, 2), (f"r{i}", f"cor{i}"), None, i)
        b.node(f"s{i}", (4, 5), f"r{i}", i)
        b.node(f"c{i}", (4, 1), f"cor{i}", i)
        b.node(f"l{i}", (14, 1), f"cor{i}", i)
    b.rise("S", "stairs", [(22, 1, i, f"st{i}") for i in range(3)], "1号楼梯|Stairs 1")
    b.rise("L", "lift", [(14, 2, i, f"cor{i}") for i in range(3)])
    for i in range(3):
        b.link(f"s{i}", f"R{i}", f"c{i}", f"l{i}", f"F{i}", f"S:{i}")
        b.link(f"l{i}", f"L:{i}")
    return b


STAIRS_UP_WAY = ("s0", "R0", "c0", "l0", "F0", "S:0", "S:1", "S:2", "F2", "l2", "c2", "R2", "s2")
STAIRS_DOWN_WAY = STAIRS_UP_WAY[::-1]
LIFT_WAY = ("s0", "R0", "c0", "l0", "L:0", "L:1", "L:2", "l2", "c2", "R2", "s2")


def open_stairs(*, turned_deg: float = 0.0, mirrored: bool = False) -> Building:
    """A hall and a gallery over it: straight stairs without doors, a ladder, a ramp, an escalator; no names."""
    b = Building(turned_deg=turned_deg, mirrored=mirrored)
    b.room("hall", (0, 0, 40, 20), "corridor")
    b.room("gallery", (0, 0, 40, 20), "corridor", None, 1)
    b.node("a", (2, 10), "hall")
    b.node("b", (10, 10), "hall")
    b.node("x", (17, 4), "gallery", 1)
    b.node("y", (30, 10), "gallery", 1)
    b.rise("S", "stairs", [(10, 10, 0, "hall"), (17, 10, 1, "gallery")])
    b.rise("R", "ramp", [(10, 18, 0, "hall"), (30, 18, 1, "gallery")])
    b.rise("E", "escalator", [(10, 2, 0, "hall"), (17, 2, 1, "gallery")])
    b.rise("K", "ladder", [(38, 10, 0, "hall"), (38, 10, 1, "gallery")])
    b.node("k", (34, 10), "hall")
    b.link("a", "b", "S:0")
    b.link("S:1", "x")
    b.link("S:1", "y")
    b.link("a", "R:0")
    b.link("R:1", "y")
    b.link("a", "E:0")
    b.link("E:1", "x")
    b.link("b", "k", "K:0")
    b.link("K:1", "y")
    return b


def grid_hall(*, turned_deg: float = 0.0, mirrored: bool = False) -> Building:
    """A hall walked over a grid of 1 m, a staircase of arcs from its door to the exit; an assembly point outside."""
    b = Building(turned_deg=turned_deg, mirrored=mirrored)
    b.room("hall", (0, 0, 20, 20), name="装配车间|Assembly Hall")
    b.room("office", (-6, 0, 0, 6), name="办公室|Office")
    b.door("D", (0, 1), ("office", "hall"), "东门|East Door")
    b.door("X", (20, 19), ("hall", None), exit=True)
    b.node("s", (-4, 1), "office")
    keys = ["s", "D"]
    for i in range(1, 37):
        b.node(f"g{i}", (1 + i // 2, 1 + (i - 1) // 2), "hall")
        keys.append(f"g{i}")
    b.meet("M", (50, 19), "1号集合点|Assembly Point 1")
    b.link(*keys, "X", "M")
    return b


GRID_WAY = ("s", "D", *(f"g{i}" for i in range(1, 37)), "X", "M")


def drawn_ways(*, turned_deg: float = 0.0, mirrored: bool = False) -> Building:
    """A network drawn without rooms: three ways that meet, one with a bend, and a landmark."""
    b = Building(turned_deg=turned_deg, mirrored=mirrored)
    b.node("a", (0, 0))
    b.node("j", (30, 0))
    b.node("b", (60, 0))
    b.node("n", (30, 40))
    b.node("e", (45, 55))
    b.node("z", (45, 90))
    b.landmark("H", "hydrant", (47, 70), "12号|12")
    b.link("a", "j", "b", kind=ArcKind.ROAD)
    b.link("j", "n", "e", "z", kind=ArcKind.ROAD)
    return b


DRAWN_WAY = ("a", "j", "n", "e", "z")


def two_corridors() -> Building:
    """A hall in the west and a store in the east, joined by a north corridor (the shorter way) and a south one; a lift
    and stairs from the hall to a gallery; an assembly point in the west."""
    b = Building(levels=[Level(level=0, name=Text("一层", "ground")), Level(level=1, name=Text("二层", "gallery"))])
    b.room("hall", (0, 0, 20, 20), name="大厅|Hall")
    b.room("north", (20, 16, 60, 18), "corridor", "北走廊|North Corridor")
    b.room("south", (20, 2, 60, 4), "corridor", "南走廊|South Corridor")
    b.room("store", (60, 0, 80, 20), name="库房|Store")
    b.room("gallery", (0, 0, 20, 20), name="长廊|Gallery", level=1)
    b.door("NW", (20, 17), ("hall", "north"), "北一门|North Door 1")
    b.door("NE", (60, 17), ("north", "store"), "北二门|North Door 2")
    b.door("SW", (20, 3), ("hall", "south"), "南一门|South Door 1")
    b.door("SE", (60, 3), ("south", "store"), "南二门|South Door 2")
    b.door("X", (0, 10), ("hall", None), "西门|West Gate", exit=True)
    b.rise("S", "stairs", [(4, 4, 0, "hall"), (4, 4, 1, "gallery")], "1号楼梯|Stairs 1")
    b.rise("L", "lift", [(8, 4, 0, "hall"), (8, 4, 1, "gallery")])
    b.meet("A", (-20, 10), "西集合点|Assembly West")
    return b
