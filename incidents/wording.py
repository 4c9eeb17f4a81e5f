"""Sentences about alarms, in both languages."""

from __future__ import annotations

from decimal import Decimal

from incidents.alarms.model import AlarmRule
from mobile_contract.text import Text

_UNIT_NAMES = {"[ppm]": "ppm", "mg/m3": "mg/m³", "%{LEL}": "% LEL", "1/m3": "/m³", "Cel": "°C", "[g]": "g"}


def show_quantity(value: float, unit: str) -> str:
    """A value with its unit as people write it: at most four digits below a thousand, whole above; no exponent."""
    short = Decimal(f"{value:.4g}")
    number = f"{value:,.0f}" if abs(short) >= 1000 else f"{short:f}"
    return f"{number} {_UNIT_NAMES.get(unit, unit)}"


def alarm_title(rule: AlarmRule, source: Text, zone: Text) -> Text:
    """What is wrong, where, against which limit."""
    if rule.kind == "stale":
        return Text(f"{zone.zh}：{source.zh}无数据", f"{zone.en}: no data from {lower(source.en)}")
    if rule.kind == "discrepancy":
        return Text(
            f"{zone.zh}：{source.zh}各传感器读数不一致", f"{zone.en}: the sensors of {lower(source.en)} disagree"
        )
    if rule.kind == "no_effect":
        return Text(f"{zone.zh}：{source.zh}未证实动作", f"{zone.en}: {lower(source.en)} has not proved its effect")
    assert rule.set_point is not None
    limit = show_quantity(rule.set_point, rule.unit)
    if rule.kind == "vote":
        level = "一级" if rule.level == 1 else "二级"
        return Text(
            f"{zone.zh}：{source.zh}表决越限 {limit}（{level}）",
            f"{zone.en}: {lower(source.en)} votes beyond {limit} (level {rule.level})",
        )
    high = rule.kind == "high"
    return Text(
        f"{zone.zh}：{source.zh}{'高于' if high else '低于'} {limit}（{'一级' if rule.level == 1 else '二级'}）",
        f"{zone.en}: {lower(source.en)} {'above' if high else 'below'} {limit} (level {rule.level})",
    )


def lower(name: str) -> str:
    """An English name inside a sentence: "Exhaust fan" reads "exhaust fan", "HF detector" stays."""
    return name if len(name) > 1 and name[1].isupper() else name[:1].lower() + name[1:]


def lower_first(name: Text) -> Text:
    """The name as it stands inside a sentence."""
    return Text(name.zh, lower(name.en))
