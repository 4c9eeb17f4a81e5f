"""A file of equipment: every bad line is named by column, value and limit; the same file twice changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_contract.equipment import EquipmentStepView
from mobile_contract.people_import import ActionName
from mobile_contract.text import Text
from people.csv_sheet import PEOPLE, ROWS_MAX, RowProblem, read_sheet
from resources.equipment.checks import STOCK_MAX
from resources.equipment.import_plan import Action, ImportPlan, Known, end_of_day, make_plan
from resources.equipment.model import KINDS, Equipment
from resources.equipment.placing import Ground, ZoneGround
from resources.equipment.sheet import FORM, KIND_NAMES, Wishes, read_wishes

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TENANT, SITE, STORE, OFFICE = (UUID(int=n) for n in range(1, 5))
HEADER = "slug,kind,name_zh,name_en,classes,lon,lat,level,zone,in_stock,expires_on,next_inspection_on,note\n"
# In the middle of the store.
AT = "120.7405,31.2705"
SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [[[120.74, 31.27], [120.741, 31.27], [120.741, 31.271], [120.74, 31.271], [120.74, 31.27]]],
}
GROUND = Ground([ZoneGround(STORE, "store", SQUARE, 0), ZoneGround(OFFICE, "office", SQUARE, 1)], [])


def wishes(text: str, header: str = HEADER) -> Wishes:
    return read_wishes(read_sheet((header + text).encode(), FORM))


def known(*things: Equipment, **changes: Any) -> Known:
    zones = {"store": STORE, "office": OFFICE}
    made = Known(TENANT, SITE, "Asia/Shanghai", NOW, GROUND, zones, {it.slug: it for it in things}, 100)
    return msgspec.structs.replace(made, **changes)


def plan(text: str, *things: Equipment, **changes: Any) -> ImportPlan:
    return make_plan(wishes(text), known(*things, **changes))


def one(text: str) -> Equipment:
    """The one thing that this line makes."""
    made = plan(text)
    assert made.problems == []
    (step,) = made.steps
    return step.after


def problems(text: str, *things: Equipment, **changes: Any) -> list[tuple[int, str | None, str]]:
    return [(it.line, it.column, it.code.split(".")[1]) for it in plan(text, *things, **changes).problems]


WHOLE = f"ext-1,extinguisher,灭火器,Extinguisher,ABC,{AT},0,store,2,2027-03-31,2026-04-01,by the door\n"
LEAST = f"aed-1,aed,除颤仪,AED,,{AT},,,,,,\n"


# --- reading


def test_a_whole_line_is_a_whole_thing() -> None:
    it = one(WHOLE)
    assert (it.slug, it.kind, it.name, it.classes) == (
        "ext-1",
        "extinguisher",
        Text("灭火器", "Extinguisher"),
        ["A", "B", "C"],
    )
    assert (it.lon, it.lat, it.level, it.zone_id, it.in_stock) == (120.7405, 31.2705, 0, STORE, 2)
    assert (it.next_inspection_on, it.note, it.state, it.version) == (date(2026, 4, 1), "by the door", "ready", 1)
    # It counts all of its last day in Shanghai.
    assert it.expires_at == datetime(2027, 3, 31, 16, 0, tzinfo=UTC)


def test_the_least_line_is_one_ready_piece_on_the_ground_in_the_zone_that_holds_it() -> None:
    it = one(LEAST)
    assert (it.level, it.zone_id, it.in_stock, it.classes, it.expires_at, it.note) == (0, STORE, 1, None, None, "")


def test_a_plants_own_list_in_chinese_is_read_as_excel_saves_it() -> None:
    text = f"编号,类别,名称,英文名称,火灾类别,经度,纬度,有效期至\nm-1,灭火器,灭火器,Ext,A、B,{AT},2027/3/31\n"
    made = make_plan(read_wishes(read_sheet(text.encode("gb18030"), FORM)), known())
    assert made.problems == []
    assert (made.steps[0].after.kind, made.steps[0].after.classes) == ("extinguisher", ["A", "B"])
    assert made.steps[0].after.expires_at == datetime(2027, 3, 31, 16, 0, tzinfo=UTC)


def test_every_kind_has_a_name_in_chinese() -> None:
    assert set(KIND_NAMES.values()) == set(KINDS)
    for zh, kind in KIND_NAMES.items():
        assert one(f"a,{zh},中,En,,{AT},,,,,,\n").kind == kind


@pytest.mark.parametrize("cell", ["ABC", "a b c", "A;B;C", "A、B、C", "A/B/C"])
def test_classes_are_letters_however_they_are_set_apart(cell: str) -> None:
    assert one(f"a,extinguisher,中,En,{cell},{AT},,,,,,\n").classes == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        (f",aed,中,En,,{AT},,,,,,", "slug", "missing"),
        (f"A b,aed,中,En,,{AT},,,,,,", "slug", "format"),
        (f"a,sofa,中,En,,{AT},,,,,,", "kind", "choice"),
        (f"a,aed,{'中' * 201},En,,{AT},,,,,,", "name_zh", "too_long"),
        (f"a,aed,中,{'e' * 201},,{AT},,,,,,", "name_en", "too_long"),
        (f"a,extinguisher,中,En,AK,{AT},,,,,,", "classes", "classes"),
        (f"a,extinguisher,中,En,AA,{AT},,,,,,", "classes", "classes"),
        ("a,aed,中,En,,120°44',31.2705,,,,,,", "lon", "format"),
        ("a,aed,中,En,,120.7405,nan,,,,,,", "lat", "format"),
        (f"a,aed,中,En,,{AT},ground,,,,,", "level", "format"),
        (f"a,aed,中,En,,{AT},,The Store,,,,", "zone", "format"),
        (f"a,aed,中,En,,{AT},,,two,,,", "in_stock", "format"),
        (f"a,aed,中,En,,{AT},,,{STOCK_MAX + 1},,,", "in_stock", "stock"),
        (f"a,aed,中,En,,{AT},,,-1,,,", "in_stock", "stock"),
        (f"a,aed,中,En,,{AT},,,,2027-02-30,,", "expires_on", "day"),
        (f"a,aed,中,En,,{AT},,,,,1999-12-31,", "next_inspection_on", "day"),
        # What one line says of the site.
        ("a,aed,中,En,,31.2705,120.7405,,,,,,", "lat", "swapped"),
        ("a,aed,中,En,,120.7405,31.3705,,,,,,", "lat", "off_site"),
        (f"a,aed,中,En,,{AT},7,,,,,", "level", "level"),
        (f"a,aed,中,En,,{AT},0,office,,,,", "zone", "zone"),
        (f"a,aed,中,En,,{AT},,attic,,,,", "zone", "unknown_zone"),
        (f"a,aed,中,En,A,{AT},,,,,,", "classes", "classes_of_kind"),
        # What a new thing does not do without.
        (f"a,,中,En,,{AT},,,,,,", "kind", "missing"),
        (f"a,aed,,En,,{AT},,,,,,", "name_zh", "missing"),
        (f"a,aed,中,,,{AT},,,,,,", "name_en", "missing"),
        ("a,aed,中,En,,,31.2705,,,,,,", "lon", "missing"),
        ("a,aed,中,En,,120.7405,,,,,,,", "lat", "missing"),
    ],
)
def test_a_bad_line_is_named_by_column_value_and_limit(line: str, column: str, code: str) -> None:
    made = plan(LEAST + line + "\n")
    (found,) = made.problems
    assert (found.line, found.column, found.code.split(".")[1]) == (3, column, code)
    assert found.limit
    assert found.text.zh != found.text.en
    assert [it.after.slug for it in made.steps] == ["aed-1"]


def test_a_file_that_is_none_says_so_as_a_file_of_equipment() -> None:
    def found(content: bytes) -> list[RowProblem]:
        return read_wishes(read_sheet(content, FORM)).problems

    assert [(it.code, it.limit) for it in found(b"")] == [("equipment_import.empty", "slug")]
    assert [it.code for it in found(b"kind\naed\n")] == ["equipment_import.column_missing"]
    assert "编号" in found(b"kind\naed\n")[0].text.zh
    (full,) = found(b"slug\n" + b"".join(b"a%d\n" % n for n in range(ROWS_MAX + 1)))
    assert (full.code, "equipment" in full.text.en) == ("equipment_import.too_many_rows", True)
    assert FORM.code != PEOPLE.code


def test_a_slug_that_comes_twice_names_the_line_it_repeats() -> None:
    made = plan(LEAST + WHOLE + LEAST)
    (found,) = made.problems
    assert (found.line, found.column, "line 2" in found.text.en) == (4, "slug", True)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_the_bytes_they_are_problems_and_no_exception(content: bytes) -> None:
    make_plan(read_wishes(read_sheet(content, FORM)), known())
    make_plan(read_wishes(read_sheet(HEADER.encode() + content, FORM)), known())


# --- against what is there


def test_the_same_file_again_changes_nothing() -> None:
    text = WHOLE + LEAST
    things = [msgspec.structs.replace(it.after, id=UUID(int=9)) for it in plan(text).steps]
    assert [(it.action, it.changes, it.after) for it in plan(text, *things).steps] == [
        ("keep", {}, thing) for thing in things
    ]


def test_empty_cells_leave_a_thing_as_it_is() -> None:
    before = one(WHOLE)
    (step,) = plan("ext-1,,,,,,,,,,,,\n", before).steps
    assert (step.action, step.after) == ("keep", before)


@pytest.mark.parametrize(
    ("line", "field", "shown"),
    [
        ("ext-1,hydrant,,,,,,,,,,,", "kind", None),  # refused: it has classes
        ("ext-1,,水枪,,,,,,,,,,", "name", ("灭火器 / Extinguisher", "水枪 / Extinguisher")),
        ("ext-1,,,Foam,,,,,,,,,", "name", ("灭火器 / Extinguisher", "灭火器 / Foam")),
        ("ext-1,,,,DEF,,,,,,,,", "classes", ("ABC", "DEF")),
        ("ext-1,,,,,120.7406,,,,,,,", "lon", ("120.7405", "120.7406")),
        ("ext-1,,,,,,,,,,none,,", "expires_at", ("2027-03-31 16:00:00+00:00", None)),
        ("ext-1,,,,,,,,,,,无,", "next_inspection_on", ("2026-04-01", None)),
        ("ext-1,,,,,,,,,,,,moved", "note", ("by the door", "moved")),
    ],
)
def test_a_cell_that_says_otherwise_is_a_change(line: str, field: str, shown: tuple[str, str | None] | None) -> None:
    before = one(WHOLE)
    made = plan(line + "\n", before)
    if shown is None:
        assert [(it.column, it.value) for it in made.problems] == [("classes", "A, B, C")]
        return
    (step,) = made.steps
    assert (step.action, step.changes) == ("change", {field: shown})
    assert (step.before, step.after.version) == (before, 2)


def test_stock_that_was_counted_moves_and_is_no_edit() -> None:
    (step,) = plan("ext-1,,,,,,,,,5,,,\n", one(WHOLE)).steps
    assert (step.action, step.changes, step.after.version) == ("change", {"in_stock": ("2", "5")}, 1)


def test_what_is_moved_belongs_to_the_zone_it_comes_to() -> None:
    (step,) = plan("ext-1,,,,,,,1,,,,,\n", one(WHOLE)).steps
    assert step.changes == {"level": ("0", "1"), "zone_id": (str(STORE), str(OFFICE))}


def test_what_was_retired_does_not_come_back_by_a_file() -> None:
    gone = msgspec.structs.replace(one(WHOLE), retired_at=NOW)
    assert problems(WHOLE, gone) == [(2, "slug", "retired")]


def test_a_full_site_takes_as_many_as_it_has_room_for_and_names_the_others() -> None:
    text = "".join(LEAST.replace("aed-1", f"aed-{n}") for n in range(3))
    made = plan(text, room=1)
    assert [it.after.slug for it in made.steps] == ["aed-0"]
    assert [(it.line, it.code, it.limit) for it in made.problems] == [
        (line, "equipment_import.site_full", "1") for line in (3, 4)
    ]


def test_problems_come_in_the_order_of_lines() -> None:
    text = f"a,aed,中,En,,{AT},7,,,,,\nb,sofa,中,En,,{AT},,,,,,\nc,aed,中,En,,{AT},9,,,,,\n"
    assert [line for line, _, _ in problems(text)] == [2, 3, 4]


@given(st.dates(date(2001, 1, 1), date(2199, 1, 1)), st.sampled_from(["Asia/Shanghai", "UTC", "America/New_York"]))
def test_a_day_is_over_within_a_day_of_its_midnight_in_utc(day: date, tz: str) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert timedelta(hours=10) <= end_of_day(day, tz) - midnight <= timedelta(hours=34)


def test_the_wire_says_the_actions_of_the_plan() -> None:
    assert get_args(ActionName) == get_args(Action)
    assert EquipmentStepView(2, "a", "create", {}).action == "create"
