"""What holds of every way that is told: nothing is lost on it, and it turns with the building."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.instructions.amounts import metres
from geo.instructions.model import Directions, Side, Step, Turn
from geo.instructions.shaping import shape
from geo.instructions.steps import direct
from geo.instructions.wording import Told, tell
from geo.places.network import Node
from mobile_contract.text import Text
from tests.example_buildings import (
    DRAWN_WAY,
    GRID_WAY,
    L_WAY,
    LIFT_WAY,
    STAIRS_DOWN_WAY,
    STAIRS_UP_WAY,
    T_WAY,
    drawn_ways,
    grid_hall,
    l_corridor,
    open_stairs,
    stairwell,
    t_junction,
)
from tests.small_buildings import SITE, Building

Make = Callable[..., Building]
WAYS: list[tuple[Make, tuple[str, ...]]] = [
    (l_corridor, L_WAY),
    (l_corridor, L_WAY[::-1]),
    (t_junction, T_WAY),
    (stairwell, STAIRS_UP_WAY),
    (stairwell, STAIRS_DOWN_WAY),
    (stairwell, LIFT_WAY),
    (open_stairs, ("a", "b", "S:0", "S:1", "x")),
    (open_stairs, ("x", "S:1", "S:0", "b", "a")),
    (open_stairs, ("a", "R:0", "R:1", "y")),
    (grid_hall, GRID_WAY),
    (grid_hall, GRID_WAY[::-1]),
    (drawn_ways, DRAWN_WAY),
]
MIRROR: dict[Turn | Side | None, Turn | Side | None] = {
    "left": "right",
    "sharp_left": "sharp_right",
    "slight_left": "slight_right",
}
MIRROR |= {right: left for left, right in MIRROR.items()}


def mirrored(word: Any) -> Any:
    return MIRROR.get(word, word)


def told(building: Building, way: tuple[str, ...], **options: Any) -> tuple[Directions, Told]:
    network, around = building.network(), building.around()
    directions = direct(around, network, *building.path(network, *way), **options)
    return directions, tell(around, directions)


def facts(directions: Directions, turned: Callable[[Any], Any] = lambda word: word) -> list[dict[str, Any]]:
    """Every fact of every step but where on earth it is; distances to a millimetre."""
    made = []
    for step in directions.steps:
        fact = {
            key: getattr(step, key) for key in Step.__struct_fields__ if key not in ("line", "bearing_deg", "passes")
        }
        fact["distance_m"] = round(fact["distance_m"], 3)
        fact |= {key: turned(fact[key]) for key in ("turn", "then", "side")}
        fact["passes"] = [(p.landmark, turned(p.side), round(p.after_m, 2)) for p in step.passes]
        made.append(fact)
    return made


@st.composite
def houses(draw: st.DrawFn) -> tuple[Make, tuple[str, ...]]:
    """A random way: legs of corridors at angles, over floors by stairs, with doors and landmarks on it."""
    legs = draw(
        st.lists(st.tuples(st.integers(4, 30), st.sampled_from([-90, -60, -30, 0, 30, 60, 90])), min_size=1, max_size=6)
    )
    doors = draw(st.lists(st.booleans(), min_size=len(legs), max_size=len(legs)))
    climbs = draw(st.lists(st.sampled_from([0, 0, 0, 1, -1, 2]), min_size=len(legs), max_size=len(legs)))
    marks = draw(st.lists(st.sampled_from([None, 2.0, -2.0]), min_size=len(legs), max_size=len(legs)))

    def make(**options: Any) -> Building:
        building = Building(**options)
        x, y, towards, level = 0.0, 0.0, 0.0, 0
        building.node("n0", (x, y))
        for i, (long_m, turn) in enumerate(legs):
            towards += math.radians(turn)
            ahead = (math.cos(towards), math.sin(towards))
            beside = marks[i]
            if beside is not None:
                foot = (x + ahead[0] * long_m / 2, y + ahead[1] * long_m / 2)
                at = (foot[0] - ahead[1] * beside, foot[1] + ahead[0] * beside)
                building.landmark(f"m{i}", "extinguisher", at, level=level)
            if doors[i]:
                at = (x + ahead[0] * long_m / 3, y + ahead[1] * long_m / 3)
                building.door(f"d{i}", at, (None, None), level=level)
            x, y = x + ahead[0] * long_m, y + ahead[1] * long_m
            building.node(f"e{i}", (x, y), level=level)
            building.link(*([f"n{i}", f"d{i}"] if doors[i] else [f"n{i}"]), f"e{i}")
            rise = [(x, y, level + floor, None) for floor in range(abs(climbs[i]) + 1)]
            if climbs[i] < 0:
                rise = [(x, y, level - floor, None) for floor in range(abs(climbs[i]), -1, -1)]
            if climbs[i]:
                building.rise(f"s{i}", "stairs", rise)
                building.link(f"e{i}", f"s{i}:{level}")
                level += climbs[i]
            building.nodes[f"n{i + 1}"] = (x, y, level, Node("corner"))
            building.link(f"s{i}:{level}" if climbs[i] else f"e{i}", f"n{i + 1}")
        return building

    way: list[str] = ["n0"]
    level = 0
    for i in range(len(legs)):
        way += [f"d{i}"] if doors[i] else []
        way.append(f"e{i}")
        step = 1 if climbs[i] > 0 else -1
        way += [f"s{i}:{floor}" for floor in range(level, level + climbs[i] + step, step)] if climbs[i] else []
        level += climbs[i]
        way.append(f"n{i + 1}")
    return make, tuple(way)


EXAMPLES = st.one_of(st.sampled_from(WAYS), houses())


@given(EXAMPLES)
def test_steps_cover_the_way_without_a_gap_and_lose_neither_a_metre_nor_a_millisecond(
    example: tuple[Make, tuple[str, ...]],
) -> None:
    make, way = example
    building = make()
    network, around = building.network(), building.around()
    arcs, millis = building.path(network, *way)
    directions = direct(around, network, arcs, millis)
    assert [step.number for step in directions.steps] == list(range(1, len(directions.steps) + 1))
    assert [directions.steps[0].kind, directions.steps[-1].kind] == ["start", "arrive"]
    assert sum(step.millis for step in directions.steps) == directions.millis == int(millis.sum())
    shaped = shape(around, network, arcs, millis)
    walked = sum(math.dist((p.x, p.y), (q.x, q.y)) for part in shaped.parts for p, q in pairwise(part.points))
    assert sum(step.distance_m for step in directions.steps) == pytest.approx(walked)
    assert directions.distance_m == pytest.approx(walked)
    assert walked <= shaped.raw_m + 1e-9
    lines = [step.line["coordinates"] for step in directions.steps]
    assert all(
        len(line) >= 2 and step.line["type"] == "LineString" for line, step in zip(lines, directions.steps, strict=True)
    )
    assert all(before[-1] == after[0] for before, after in pairwise(lines))
    graph = network.graph
    ends = [(float(graph.x[node]), float(graph.y[node])) for node in (graph.tails[arcs[0]], graph.heads[arcs[-1]])]
    there = SITE.to_metres([lines[0][0], lines[-1][-1]])
    assert there.tolist() == [pytest.approx(end, abs=0.02) for end in ends]
    on_lines = sum(math.dist(p, q) for line in lines for p, q in pairwise(SITE.to_metres(line).tolist()))
    assert on_lines == pytest.approx(walked, abs=0.03 * sum(len(line) for line in lines))


@given(EXAMPLES)
def test_steps_go_up_and_down_as_the_way_does(example: tuple[Make, tuple[str, ...]]) -> None:
    make, way = example
    building = make()
    directions, _ = told(building, way)
    level = building.nodes[way[0]][2]
    for step in directions.steps:
        assert step.level == level
        level = step.level if step.to_level is None else step.to_level
        if step.up is not None:
            assert step.up == (level > step.level)
            assert step.floors == abs(level - step.level)
    assert level == building.nodes[way[-1]][2]


@given(EXAMPLES)
def test_a_mirrored_building_swaps_left_and_right_and_nothing_else(example: tuple[Make, tuple[str, ...]]) -> None:
    make, way = example
    (one, said), (other, also) = told(make(), way), told(make(mirrored=True), way)
    assert facts(one) == facts(other, mirrored)
    for here, there in zip(said.steps, also.steps, strict=True):
        if not any(point in here.text.en for point in COMPASS):
            assert here.text == swapped(there.text)
            assert here.spoken == swapped(there.spoken)


COMPASS = ("north", "south", "east", "west")


def swapped(text: Text) -> Text:
    """The other hand's words."""
    hands = {"left": "right", "right": "left", "左": "右", "右": "左"}
    zh, en = (re.sub("left|right|左|右", lambda found: hands[found[0]], words) for words in (text.zh, text.en))
    return Text(zh, en)


def without_compass(said: str) -> str:
    """An order as it is read without its "face east"."""
    return " ".join(part for part in said.split(". ") if not part.startswith("Face "))


@given(EXAMPLES, st.integers(-180, 180))
def test_a_turned_building_changes_nothing(example: tuple[Make, tuple[str, ...]], turned_deg: int) -> None:
    make, way = example
    (one, said), (other, also) = told(make(), way), told(make(turned_deg=float(turned_deg)), way)
    assert facts(one) == facts(other)
    for here, there in zip(said.steps, also.steps, strict=True):
        if not any(point in here.text.en for point in COMPASS):
            assert here == there
        assert here.short == there.short
        assert here.code == there.code


@given(EXAMPLES, st.integers(0, 359), st.integers(0, 359))
def test_one_who_faces_a_known_way_is_told_the_same_wherever_north_is(
    example: tuple[Make, tuple[str, ...]], facing_deg: int, turned_deg: int
) -> None:
    make, way = example
    one = told(make(), way, facing_deg=float(facing_deg))[1]
    other = told(make(turned_deg=float(-turned_deg)), way, facing_deg=float(facing_deg + turned_deg))[1]
    here, there = ([without_compass(step.text.en) for step in said.steps[1:]] for said in (one, other))
    assert here == there
    assert one.steps[0].code == other.steps[0].code


@given(EXAMPLES)
def test_the_way_back_goes_down_where_this_one_goes_up(example: tuple[Make, tuple[str, ...]]) -> None:
    make, way = example
    there, back = told(make(), way)[0], told(make(), way[::-1])[0]
    up = [(step.kind, step.rise, step.up, step.floors) for step in there.steps if step.to_level is not None]
    down = [(step.kind, step.rise, step.up, step.floors) for step in back.steps if step.to_level is not None]
    assert up == [(kind, rise, not rises, floors) for kind, rise, rises, floors in reversed(down)]


@given(EXAMPLES)
def test_every_order_is_a_sentence_in_both_languages_that_says_where(example: tuple[Make, tuple[str, ...]]) -> None:
    make, way = example
    directions, said = told(make(), way)
    for number, (step, order) in enumerate(zip(directions.steps, said.steps, strict=True)):
        for text in (order.text, order.spoken, said.summary):
            assert text.zh.endswith("。")
            assert text.en.endswith(".")
            assert ".." not in text.en
            assert "。。" not in text.zh
            assert "  " not in text.en
            assert "None" not in text.zh + text.en
        assert order.short.zh
        assert order.short.en[0].isupper() or not order.short.en[0].isalpha()
        if step.kind == "turn":
            assert order.text.en.startswith(("At ", "After ", "From ", "Leave "))
        if number and step.distance_m > 0.5 and step.to_level is None:
            assert metres(step.distance_m).en in order.text.en
            assert metres(step.distance_m).zh in order.text.zh


@settings(max_examples=20)
@given(EXAMPLES)
def test_directions_cross_the_wire_and_come_back(example: tuple[Make, tuple[str, ...]]) -> None:
    make, way = example
    directions, said = told(make(), way)
    assert msgspec.json.decode(msgspec.json.encode(directions), type=Directions) == directions
    assert msgspec.json.decode(msgspec.json.encode(said), type=Told) == said
