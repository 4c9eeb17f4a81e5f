"""The sentences of an alarm, in both languages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from incidents.alarms.model import AlarmRule, LimitSource
from incidents.wording import alarm_title, lower_first, show_quantity
from mobile_contract.text import Text

STORE = Text("溶剂库", "Solvent store")
ACETONE = Text("丙酮浓度", "Acetone")
FAN = Text("排风机", "Exhaust fan")


def rule(**fields: Any) -> AlarmRule:
    return AlarmRule(
        **{
            "tenant_id": UUID(int=1),
            "id": UUID(int=2),
            "kind": "high",
            "level": 1,
            "unit": "[ppm]",
            "source": LimitSource("CN", "2019", "GB/T 50493-2019"),
            "set_point": 6250.0,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (6250.0, "[ppm]", "6,250 ppm"),
        (25.0, "%{LEL}", "25 % LEL"),
        (19.5, "%", "19.5 %"),
        (0.3, "mg/m3", "0.3 mg/m³"),
        (352_000.0, "1/m3", "352,000 /m³"),
        (999.96, "mm/s", "1,000 mm/s"),
        (1234.56, "mm/s", "1,235 mm/s"),
        (-0.00012345, "Cel", "-0.0001234 °C"),
        (0.0, "[g]", "0 g"),
    ],
)
def test_a_quantity_is_written_as_people_write_it(value: float, unit: str, shown: str) -> None:
    assert show_quantity(value, unit) == shown


@pytest.mark.parametrize("value", [999.951, 999.999, 1e-5, 1.5e-9, -999.99])
def test_a_quantity_has_no_exponent(value: float) -> None:
    assert "e" not in show_quantity(value, "1")


@pytest.mark.parametrize(
    ("made", "source", "title"),
    [
        (
            rule(),
            ACETONE,
            Text("溶剂库：丙酮浓度高于 6,250 ppm（一级）", "Solvent store: acetone above 6,250 ppm (level 1)"),
        ),
        (
            rule(kind="low", level=2, unit="%", set_point=18.0),
            Text("氧浓度", "Oxygen"),
            Text("溶剂库：氧浓度低于 18 %（二级）", "Solvent store: oxygen below 18 % (level 2)"),
        ),
        (
            rule(kind="stale", set_point=None),
            ACETONE,
            Text("溶剂库：丙酮浓度无数据", "Solvent store: no data from acetone"),
        ),
        (
            rule(kind="no_effect", set_point=None),
            FAN,
            Text("溶剂库：排风机未证实动作", "Solvent store: exhaust fan has not proved its effect"),
        ),
        (
            rule(unit="mg/m3", set_point=2.0),
            Text("氟化氢", "HF detector"),
            Text("溶剂库：氟化氢高于 2 mg/m³（一级）", "Solvent store: HF detector above 2 mg/m³ (level 1)"),
        ),
    ],
)
def test_a_title_says_what_is_wrong_where_and_against_which_limit(made: AlarmRule, source: Text, title: Text) -> None:
    assert alarm_title(made, source, STORE) == title


def test_a_groups_alarms_are_named_by_their_group() -> None:
    group = Text("丙酮三取二组", "Acetone two-out-of-three")
    vote = alarm_title(rule(kind="vote", level=2, group_id=UUID(int=3)), group, STORE)
    assert vote.en == "Solvent store: acetone two-out-of-three votes beyond 6,250 ppm (level 2)"
    assert vote.zh == "溶剂库：丙酮三取二组表决越限 6,250 ppm（二级）"
    apart = alarm_title(rule(kind="discrepancy", set_point=None), group, STORE)
    assert apart.zh == "溶剂库：丙酮三取二组各传感器读数不一致"
    assert apart.en == "Solvent store: the sensors of acetone two-out-of-three disagree"


@pytest.mark.parametrize(
    ("name", "inside"), [("Exhaust fan", "exhaust fan"), ("HF detector", "HF detector"), ("X", "x"), ("", "")]
)
def test_a_name_inside_a_sentence(name: str, inside: str) -> None:
    assert lower_first(Text("名", name)) == Text("名", inside)


def test_a_reader_gets_their_language_and_everybody_else_english() -> None:
    title = alarm_title(rule(), ACETONE, STORE)
    assert (title.in_("zh-CN"), title.in_("zh")) == (title.zh, title.zh)
    assert (title.in_("en"), title.in_("de-DE")) == (title.en, title.en)
