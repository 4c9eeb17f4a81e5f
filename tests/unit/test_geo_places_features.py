"""GeoJSON that strangers made: what is read, what is repaired, what is refused and how it is named."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from geo.places.features import Feature, clean, level_of, read_features
from geo.places.shapes import Shapes, positions_of, repair
from tests.unit.drawn_places import LAT, LON, at, box, collection, faults, feature, line, point, polygon, ring


def read(*features: Any, near: Any = None, area_min_m2: float = 0.25) -> tuple[list[Any], list[tuple[str, str, str]]]:
    """The shapes of features and everything that was found wrong."""
    found, findings, _ = read_features({"a.geojson": collection(*features)})
    shapes = Shapes(found, near)
    read_shapes = [shapes.read(one, area_min_m2) for one in found]
    return read_shapes, faults([*findings, *shapes.findings])


# Files.


@pytest.mark.parametrize(
    ("name", "files", "says"),
    [
        ("no file", {}, "there is no file"),
        ("too many files", {f"{n}.json": b"" for n in range(201)}, "more than 200 files"),
        ("a name that is none", {"a\0b": b""}, "its name"),
        ("too large", {"a.json": b" " * (64 * 1024 * 1024 + 1)}, "more than 67108864 bytes"),
        ("not JSON", {"a.json": b"{"}, "no GeoJSON FeatureCollection"),
        ("not UTF-8", {"a.json": b'{"type":"\xff","features":[]}'}, "no GeoJSON FeatureCollection"),
        ("no features", {"a.json": b'{"type": "FeatureCollection"}'}, "features"),
        ("one feature", {"a.json": b'{"type": "Feature", "features": []}'}, "not FeatureCollection"),
        ("nested", {"a.json": b'{"features": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}"}, "nested too deeply"),
        ("too many", {"a.json": b'{"features": [' + b"0," * 100_000 + b"0]}"}, "more than 100000 features"),
    ],
)
def test_a_file_that_can_not_be_read_is_one_clear_error(name: str, files: dict[str, bytes], says: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_features(files)
    assert caught.value.code == "geo.file_invalid", name
    assert says in caught.value.en
    assert caught.value.zh != caught.value.en


def test_a_byte_order_mark_is_no_fault() -> None:
    found, findings, counts = read_features({"a.geojson": b"\xef\xbb\xbf" + collection(feature("r", None))})
    assert [one.id for one in found] == ["r"]
    assert (findings, counts) == ([], {"a.geojson": 1})


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"7", "file_invalid"),
        (b'{"geometry": 7}', "file_invalid"),
        (b'{"properties": [1]}', "file_invalid"),
        (b'{"properties": {"a": 1e999}}', "file_invalid"),
        (b'{"properties": {"a": "' + b"x" * 70_000 + b'"}}', "property_invalid"),
        (b'{"levels": [' + b"0," * 40_000 + b"0]}", "property_invalid"),
        (b'{"geometry": {"type": "Polygon", "coordinates": [[' + b"[0,0]," * 5_000 + b"0]]}}", "too_many_positions"),
        (b'{"geometry": {"type": "Point", "coordinates": [' + b"0," * 300_000 + b"0]}}", "too_many_positions"),
    ],
)  # fmt: skip
def test_one_bad_feature_is_named_and_the_next_is_read(raw: bytes, kind: str) -> None:
    found, findings, _ = read_features({"a.json": b'{"features": [' + raw + b', {"id": "next"}]}'})
    assert faults(findings) == [(kind, "refused", "a.json#0")]
    assert [one.id for one in found] == ["next"]


def test_a_million_corners_are_refused_with_the_limit_and_the_feature_named() -> None:
    raw = b'{"id": "hall", "geometry": {"type": "Polygon", "coordinates": [[' + b"[0,0]," * 1_000_000 + b"[0,0]]]}}"
    _, findings, _ = read_features({"a.json": b'{"features": [' + raw + b"]}"})
    assert [(finding.place, finding.detail.en) for finding in findings] == [
        ("a.json#hall", "the geometry has more than 2000 positions")
    ]


@pytest.mark.parametrize(
    ("own", "becomes"),
    [
        ("way/7", "way/7"),
        (7, "7"),
        (None, "prop"),
        (True, "prop"),
        ("a\0b", "prop"),
        ("", "prop"),
        ("x" * 101, "prop"),
        (2**63, "prop"),
        ("x" * 700, "prop"),
        ([], "prop"),
    ],
)
def test_an_id_is_the_features_or_its_propertys(own: Any, becomes: str) -> None:
    found, _, _ = read_features({"a.geojson": collection(feature(own, None, id="prop"))})
    assert [one.id for one in found] == [becomes]


def test_without_an_id_the_place_in_the_file_is_one() -> None:
    found, _, _ = read_features({"dir/a.geojson": collection(feature(None, None))})
    assert [(one.id, one.place) for one in found] == [("a#0", "dir/a.geojson#0")]


def test_an_id_given_again_is_kept_under_a_new_one_and_said() -> None:
    files = {"a.json": collection(feature("r", None), feature("r~2", None)), "b.json": collection(feature("r", None))}
    found, findings, _ = read_features(files)
    assert [one.id for one in found] == ["r", "r~2", "r~3"]
    assert faults(findings) == [("duplicate_id", "repaired", "b.json#r")]


def test_files_that_number_their_features_each_for_itself() -> None:
    files = {"gf.json": collection(feature(1, None)), "f1.json": collection(feature(1, None))}
    found, findings, _ = read_features(files, ids_by_file=True)
    assert [one.id for one in found] == ["gf:1", "f1:1"]
    assert findings == []


def test_texts_are_one_line_without_control_characters() -> None:
    assert clean("  Hall \n\0 4\u2028") == "Hall 4"
    assert clean("x" * 300) == "x" * 200
    assert clean("\0") is None
    assert clean(7) is None


@pytest.mark.parametrize(
    ("given", "level"), [(0, 0), (-2.0, -2), (0.5, None), (True, None), ("1", None), (201, None), (float("nan"), None)]
)
def test_a_level_is_a_whole_number_a_building_has(given: Any, level: int | None) -> None:
    assert level_of(given) == level


# Shapes.


def test_good_shapes_are_read_without_a_word() -> None:
    shapes, found = read(
        feature("p", point(1, 1)),
        feature("l", line((0, 0), (5, 0))),
        feature("r", polygon((0, 0), (9, 0), (9, 9), (0, 9), holes=[((1, 1), (1, 2), (2, 2))])),
        feature("m", {"type": "MultiPolygon", "coordinates": [box(0, 0)["coordinates"], box(20, 0)["coordinates"]]}),
        feature("n", {"type": "MultiLineString", "coordinates": [line((0, 0), (1, 0))["coordinates"]]}),
        feature("o", None),
    )
    assert found == []
    assert [None if shape is None else shape.geom_type for shape in shapes] == [
        "Point", "LineString", "Polygon", "MultiPolygon", "MultiLineString", None,
    ]  # fmt: skip


BOW_TIE = polygon((0, 0), (4, 4), (4, 0), (0, 4))
SPIKE = polygon((0, 0), (9, 0), (9, 9), (5, 9), (5, 12), (5, 9), (0, 9))
HOLE_OUTSIDE = polygon((0, 0), (9, 0), (9, 9), (0, 9), holes=[((20, 20), (20, 22), (22, 22))])
SCRIBBLE = polygon(*[(i % 2 * 20.0 + 0.01 * i, i // 2 % 2 * 20.0 + 0.02 * i) for i in range(60)])
SAW = polygon(*[(float(i), 5.0 * (i % 2)) for i in range(510)], (509.0, -9.0), (0.0, -9.0), (300.0, 9.0))
LINE = {"type": "Polygon", "coordinates": [[[LON + n * 1e-4, LAT] for n in (0, 1, 2, 0)]]}
TOO_MANY = ("too_many_positions", "refused")
OPEN = {"type": "Polygon", "coordinates": [box(0, 0)["coordinates"][0][:-1]]}


@pytest.mark.parametrize(
    ("name", "geometry", "fault"),
    [
        ("a circle", {"type": "Circle", "coordinates": [0, 0]}, ("geometry_unknown", "refused")),
        ("many points", {"type": "MultiPoint", "coordinates": [list(at(0, 0))]}, ("geometry_unknown", "refused")),
        ("no type", {"coordinates": []}, ("geometry_unknown", "refused")),
        ("a type of list", {"type": [], "coordinates": []}, ("geometry_unknown", "refused")),
        ("no polygons", {"type": "MultiPolygon", "coordinates": []}, ("geometry_unknown", "refused")),
        ("no lines", {"type": "MultiLineString", "coordinates": 7}, ("geometry_unknown", "refused")),
        ("no rings", {"type": "Polygon", "coordinates": []}, ("geometry_unknown", "refused")),
        ("no ring", {"type": "Polygon", "coordinates": [7]}, ("geometry_unknown", "refused")),
        ("one position", {"type": "LineString", "coordinates": [list(at(0, 0))]}, ("geometry_unknown", "refused")),
        ("no position", {"type": "Point", "coordinates": None}, ("position_out_of_range", "refused")),
        ("one number", {"type": "Point", "coordinates": [1]}, ("position_out_of_range", "refused")),
        ("truth", {"type": "Point", "coordinates": [True, 1]}, ("position_out_of_range", "refused")),
        ("text", {"type": "Point", "coordinates": ["1", "2"]}, ("position_out_of_range", "refused")),
        ("huge", {"type": "Point", "coordinates": [10**400, 0]}, ("position_out_of_range", "refused")),
        ("off the map", {"type": "Point", "coordinates": [181, 0]}, ("position_out_of_range", "refused")),
        ("nowhere", {"type": "Point", "coordinates": [0, 0]}, ("position_out_of_range", "refused")),
        ("an open ring", OPEN, ("ring_open", "repaired")),
        ("two corners", polygon((0, 0), (4, 0)), ("too_small", "refused")),
        ("a cup", box(0, 0, 0.4, 0.4), ("too_small", "refused")),
        ("a city", box(0, 0, 4_000, 4_000), ("too_large", "refused")),
        ("a bow tie", BOW_TIE, ("self_intersection", "refused")),
        ("a line", LINE, ("self_intersection", "refused")),
        ("a scribble", SCRIBBLE, ("self_intersection", "refused")),
        ("a long saw", SAW, ("self_intersection", "refused")),
        ("a spike", SPIKE, ("self_intersection", "repaired")),
        ("a hole outside", HOLE_OUTSIDE, ("self_intersection", "repaired")),
        ("many corners", {"type": "Polygon", "coordinates": [[list(at(0, 0))] * 2001]}, TOO_MANY),
        ("many holes", {"type": "Polygon", "coordinates": [ring((0, 0), (1, 0), (1, 1))] * 501}, TOO_MANY),
    ],
)  # fmt: skip
def test_each_fault_of_a_shape_is_named_and_repaired_or_refused(
    name: str, geometry: Any, fault: tuple[str, str]
) -> None:
    shapes, found = read(feature("x", geometry), *(feature(f"r{n}", box(0, 0)) for n in range(3)))
    assert found == [(*fault, "a#x")], name
    assert (shapes[0] is None) == (fault[1] == "refused")
    assert shapes[0] is None or shapes[0].is_valid
    assert all(shape is not None for shape in shapes[1:])


def test_a_good_part_of_many_is_kept_and_the_bad_one_named() -> None:
    parts = {"type": "MultiPolygon", "coordinates": [box(0, 0)["coordinates"], BOW_TIE["coordinates"]]}
    shapes, found = read(feature("x", parts))
    assert found == [("self_intersection", "refused", "a#x")]
    assert len(shapes[0].geoms) == 1


def test_a_repair_keeps_the_largest_part_and_says_which_share() -> None:
    _, share = repair(shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)]))
    assert share == pytest.approx(0.5)
    kept, share = repair(shapely.Polygon([(0, 0), (10, 0), (10, 10), (5, 10), (5, 12), (5, 10), (0, 10)]))
    assert kept is not None
    assert [kept.area, share] == pytest.approx([100, 1.0])


def test_after_many_repairs_no_more_are_tried() -> None:
    _, found = read(*(feature(n, SPIKE) for n in range(501)))
    assert [outcome for _, outcome, _ in found] == ["repaired"] * 500 + ["refused"]


# Longitude and latitude the wrong way round.


def swapped(geometry: dict[str, Any]) -> dict[str, Any]:
    return geometry | {"coordinates": [[[lat, lon] for lon, lat in ring] for ring in geometry["coordinates"]]}


def test_a_swapped_feature_among_good_ones_is_set_right() -> None:
    shapes, found = read(feature("x", swapped(box(9, 9))), feature("a", box(0, 0)), feature("b", box(0, 5)))
    assert found == [("position_swapped", "repaired", "a#x")]
    np.testing.assert_allclose(shapes[0].exterior.coords[0], at(9, 9))


def test_a_swapped_position_within_range_is_seen_by_the_others() -> None:
    home = [30.37, 60.0]
    one = {"type": "LineString", "coordinates": [home, home[::-1]]}
    shapes, found = read(feature("x", one), *(feature(n, {"type": "Point", "coordinates": home}) for n in "abc"))
    assert found == [("position_swapped", "repaired", "a#x")]
    assert list(shapes[0].coords) == [tuple(home)] * 2


def test_a_whole_file_swapped_is_seen_when_its_latitudes_are_none() -> None:
    shapes, found = read(*(feature(n, swapped(box(9, 9))) for n in "ab"))
    assert [kind for kind, _, _ in found] == ["position_swapped"] * 2
    np.testing.assert_allclose(shapes[0].exterior.coords[0], at(9, 9))


def test_a_whole_file_swapped_within_range_is_seen_by_where_the_site_is() -> None:
    there = feature("x", {"type": "Point", "coordinates": [60.0, 30.37]})
    assert read(there)[1] == []
    shapes, found = read(there, near=(30.37, 60.0))
    assert found == [("position_swapped", "repaired", "a#x")]
    assert (shapes[0].x, shapes[0].y) == (30.37, 60.0)


def test_a_file_with_no_position_on_the_map_has_its_features_refused() -> None:
    shapes, found = read(feature("x", {"type": "Point", "coordinates": [500, 500]}), feature("y", None))
    assert (shapes, found) == ([None, None], [("position_out_of_range", "refused", "a#x")])
    assert read(feature("y", None)) == ([None], [])


def test_a_polygon_is_written_counter_clockwise_with_its_holes() -> None:
    shape = shapely.Polygon([(0, 0), (0, 9), (9, 9), (9, 0)], [[(1, 1), (2, 1), (2, 2)]])
    written = positions_of(shape)
    assert [shapely.LinearRing(r).is_ccw for r in written["coordinates"]] == [True, False]
    assert msgspec.json.decode(msgspec.json.encode(written)) == written


# Nothing is lost, whatever comes.

_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=25,
)
_position = st.one_of(
    st.tuples(st.floats(0, 20), st.floats(0, 20)).map(lambda p: list(at(*p))), st.lists(_json, max_size=3)
)
_shape = st.builds(
    lambda kind, coordinates: {"type": kind, "coordinates": coordinates},
    st.sampled_from(["Point", "LineString", "Polygon", "MultiPolygon", "MultiLineString", "Circle"]),
    st.one_of(
        _json,
        _position,
        st.lists(_position, max_size=6),
        st.lists(st.lists(_position, max_size=8), max_size=3),
        st.lists(st.lists(st.lists(_position, max_size=6), max_size=2), max_size=2),
    ),
)


@settings(max_examples=60)
@given(st.lists(st.one_of(_json, st.builds(feature, _json, _shape)), max_size=4))
def test_every_feature_is_read_or_named(features: list[Any]) -> None:
    found, findings, counts = read_features({"a.geojson": collection(*features)})
    assert counts == {"a.geojson": len(features)}
    assert len(found) + sum(finding.outcome == "refused" for finding in findings) == len(features)
    assert len({one.id for one in found}) == len(found)
    shapes = Shapes(found)
    for one in found:
        shape = shapes.read(one)
        named = {finding.place for finding in shapes.findings if finding.outcome == "refused"}
        if shape is None:
            assert one.geometry is None or one.place in named
        else:
            assert shape.is_valid


def test_a_feature_is_what_was_written() -> None:
    found, _, _ = read_features({"a.json": collection(feature("x", point(0, 0), name="Hall") | {"levels": [1, 2]})})
    assert found == [
        Feature(
            id="x",
            place="a.json#x",
            file="a.json",
            properties={"name": "Hall"},
            geometry=point(0, 0),
            members={"feature_type": None, "levels": [1, 2]},
        )
    ]
