"""A definition that is wrong is refused with the field in it; a rule that a rota can not follow too."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from core.errors import Invalid
from mobile_contract.rotas import HolidayDuty, Layer, RotaDefinition
from mobile_contract.text import Text
from people.rotas.definition import PLACES_MAX, check_definition, check_name, check_zone, people_of
from people.rotas.recurrence import check_rule, recurrence

A, B = UUID(int=1), UUID(int=2)
NAME = Text("班", "Rota")
GOOD = Layer(NAME, [[A], [B]], date(2026, 1, 1), "08:00", every_days=1)
MONDAY = date(2026, 3, 2)


def definition(**fields: Any) -> RotaDefinition:
    """Two layers, the second with these fields."""
    return RotaDefinition([GOOD, msgspec.structs.replace(GOOD, **fields)])


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"name": Text("", "Rota")}, "definition.layers[1].name.zh"),
        ({"name": Text("班", "x" * 201)}, "definition.layers[1].name.en"),
        ({"name": Text("班", "a\0b")}, "definition.layers[1].name.en"),
        ({"starts_on": date(1999, 12, 31)}, "definition.layers[1].starts_on"),
        ({"ends_on": date(2100, 1, 1)}, "definition.layers[1].ends_on"),
        ({"ends_on": date(2026, 1, 1)}, "definition.layers[1].ends_on"),
        ({"weekdays": ["mon"]}, "definition.layers[1].weekdays"),
        ({"every_days": None}, "definition.layers[1].weekdays"),
        ({"every_days": None, "rrule": "FREQ=YEARLY"}, "definition.layers[1].rrule"),
        ({"days": 0}, "definition.layers[1].until"),
        ({"days": 0, "until": "08:00"}, "definition.layers[1].until"),
        ({"turns": [[A], [B, A, B]]}, "definition.layers[1].turns[1]"),
    ],
)
def test_the_error_names_the_field_of_the_layer(fields: dict[str, Any], where: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_definition(definition(**fields))
    assert refused.value.field == where
    assert where in refused.value.en
    assert where in refused.value.zh


@pytest.mark.parametrize(
    ("holidays", "where"),
    [
        ([HolidayDuty(date(2100, 1, 1), [A])], "definition.holidays[0].on"),
        ([HolidayDuty(date(2026, 1, 1), [A]), HolidayDuty(date(2026, 1, 1), [B])], "definition.holidays[1].on"),
        ([HolidayDuty(date(2026, 1, 1), [A, A])], "definition.holidays[0].people"),
        ([HolidayDuty(date(2026, 1, 1), [A], Text(" ", "x"))], "definition.holidays[0].name.zh"),
    ],
)
def test_the_error_names_the_holiday(holidays: list[HolidayDuty], where: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_definition(RotaDefinition([GOOD], holidays))
    assert refused.value.field == where


def test_what_is_right_passes() -> None:
    check_definition(definition(until="16:00", days=0, ends_on=date(2027, 1, 1)))
    check_definition(definition(every_days=None, weekdays=["mon"], days=2))
    check_definition(RotaDefinition([GOOD], [HolidayDuty(date(2026, 1, 1), [A], NAME), HolidayDuty(MONDAY, [B])]))


def test_a_definition_is_bounded() -> None:
    crowd = msgspec.structs.replace(GOOD, turns=[[A]] * (PLACES_MAX + 1))
    with pytest.raises(Invalid) as refused:
        check_definition(RotaDefinition([crowd]))
    assert (refused.value.field, refused.value.limit) == ("definition.layers", PLACES_MAX)


def test_everybody_is_found_with_the_field_that_names_them() -> None:
    found = RotaDefinition([GOOD], [HolidayDuty(MONDAY, [B])])
    assert list(people_of(found)) == [
        ("definition.layers[0].turns[0][0]", A),
        ("definition.layers[0].turns[1][0]", B),
        ("definition.holidays[0].people[0]", B),
    ]


@pytest.mark.parametrize("tz", ["Mars/Olympus", "../etc/passwd", "", "x" * 300])
def test_a_time_zone_is_one_of_ianas(tz: str) -> None:
    with pytest.raises(Invalid, match="IANA"):
        check_zone(tz)
    check_zone("Asia/Shanghai")
    check_name(NAME)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ=HOURLY",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;COUNT=3",
        "FREQ=DAILY;UNTIL=20300101",
        "FREQ=DAILY;BYHOUR=3",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY\nDTSTART:19700101",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=367",
        "FREQ=WEEKLY;INTERVAL=53",
        "FREQ=MONTHLY;INTERVAL=13",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=MONTHLY;BYDAY=5MO",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=5",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=x",
        "FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=1;BYSETPOS=1",
    ],
)
def test_a_rule_that_may_never_come_or_costs_too_much_is_refused(rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_rule(rule, MONDAY, "layers[0].rrule")
    assert refused.value.field == "layers[0].rrule"


def test_a_month_without_its_day_is_refused_by_the_date_it_would_take_it_from() -> None:
    check_rule("FREQ=MONTHLY", date(2026, 1, 28), "rrule")
    with pytest.raises(Invalid, match="starts_on"):
        check_rule("FREQ=MONTHLY", date(2026, 1, 29), "rrule")


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY;INTERVAL=2", [2, 4, 6]),
        ("FREQ=DAILY;BYDAY=TU,FR;INTERVAL=1", [3, 6, 10]),
        ("FREQ=WEEKLY;WKST=SU;BYDAY=SU,MO;INTERVAL=2", [2, 15, 16]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", [2, 32, 62]),
        ("FREQ=MONTHLY;BYDAY=1MO,-1SU", [2, 29, 37]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", [31, 61, 92]),
    ],
)
def test_a_rule_gives_its_days_and_their_numbers(rule: str, days: list[int]) -> None:
    """``days`` count from the last of February 2026."""
    check_rule(rule, MONDAY, "rrule")
    found, before = recurrence(rule, MONDAY), date(2026, 2, 28).toordinal()
    assert [found.day(number) - before for number in range(3)] == days
    assert [found.latest(before + day) for day in days] == [0, 1, 2]
    assert [found.latest(before + day - 1) for day in days] == [-1, 0, 1]
    # Asked for by number alone, further than anybody looked.
    assert found.latest(found.day(40)) == 40
