"""How grave an incident is, decided at once and with its reasons written out. Pure.

Four grades as China's Emergency Response Law grades warnings (I red, II orange, III yellow, IV blue). The alarm's level
gives the grade to start from; what makes it worse for people raises it, one step each. Nothing lowers it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from incidents.alarms.agents import hazard_of, name_of
from incidents.alarms.model import DANGER_KINDS, Grade
from mobile_contract.text import Text

HIGH_RISK = 3
# Colour names of the grades, for people.
GRADE_NAMES = {
    Grade.I: Text("一级（红色）", "I (red)"),
    Grade.II: Text("二级（橙色）", "II (orange)"),
    Grade.III: Text("三级（黄色）", "III (yellow)"),
    Grade.IV: Text("四级（蓝色）", "IV (blue)"),
}


class StandingAlarm(msgspec.Struct, frozen=True):
    """What grading looks at; ``risk`` is the zone's, 0 none to 3 high."""

    kind: str
    level: int
    agent: str | None
    zone: UUID
    zone_name: Text
    risk: int
    source_name: Text


class Graded(msgspec.Struct, frozen=True):
    """A grade and why."""

    grade: Grade
    reasons: tuple[Text, ...]


def grade(alarms: Sequence[StandingAlarm], people_present: int | None = None) -> Graded:
    """The grade of an incident with these alarms; ``people_present`` None: nobody knows, which counts as occupied."""
    first, start = min(((a, _start(a)) for a in alarms), key=lambda pair: pair[1][0])
    worst, reason = start
    reasons = [reason]
    substance = [a for a in alarms if a.kind in DANGER_KINDS and hazard_of(a.agent) not in ("machine", "particles")]
    for step in _raises(first, alarms, substance, people_present):
        worst -= 1
        reasons.append(step)
    if substance and people_present is None:
        reasons.append(Text("在场人数未知，按有人处理", "It is not known who is there: counted as occupied"))
    return Graded(Grade(max(worst, 1)), tuple(reasons))


def grade_report(level: int, reason: str, zone_name: Text, risk: int) -> Graded:
    """The grade of what a person reports; ``level`` 2: somebody is hurt, or it can not be held."""
    worst = 4 - level
    name = "一级" if level == 1 else "二级"
    reasons = [Text(f"人员报告（{name}）：{reason}", f"Reported by a person (level {level}): {reason}")]
    if risk >= HIGH_RISK:
        worst -= 1
        reasons.append(Text(f"{zone_name.zh}为高风险区域", f"{zone_name.en} is a zone of high risk"))
    return Graded(Grade(worst), tuple(reasons))


def _start(alarm: StandingAlarm) -> tuple[int, Text]:
    if alarm.kind == "stale":
        return 4, Text(f"{alarm.source_name.zh}无数据", f"No data from {alarm.source_name.en}")
    if alarm.kind == "discrepancy":
        return 4, Text(f"{alarm.source_name.zh}各传感器读数不一致", f"The sensors of {alarm.source_name.en} disagree")
    if alarm.kind == "no_effect":
        return 4, Text(f"{alarm.source_name.zh}未证实动作", f"{alarm.source_name.en} has not proved its effect")
    machine = hazard_of(alarm.agent) in ("machine", "particles")
    name = name_of(alarm.agent)
    level = "一级" if alarm.level == 1 else "二级"
    reason = Text(f"{name.zh}{level}报警", f"Level {alarm.level} alarm of {name.en}")
    return (4 if machine else 3) - (alarm.level - 1), reason


def _raises(
    first: StandingAlarm, alarms: Sequence[StandingAlarm], substance: Sequence[StandingAlarm], people: int | None
) -> list[Text]:
    steps = []
    if substance and any(a.level == 2 and hazard_of(a.agent) == "toxic" for a in substance):
        steps.append(Text("有毒物质二级报警，数分钟内可致害", "Toxic at the second level: harms within minutes"))
    if substance and any(a.risk >= HIGH_RISK for a in substance):
        place = next(a.zone_name for a in substance if a.risk >= HIGH_RISK)
        steps.append(Text(f"{place.zh}为高风险区域", f"{place.en} is a zone of high risk"))
    if len({a.zone for a in substance}) > 1:
        steps.append(Text("已扩散至多个区域", "It has spread to more than one zone"))
    failed = [a for a in alarms if a.kind == "no_effect"]
    if substance and failed:
        name = failed[0].source_name
        steps.append(
            Text(f"{name.zh}未证实动作，处置手段缺失", f"{name.en} has not proved its effect: a control is missing")
        )
    if first.level == 2 and people:
        steps.append(Text(f"现场有 {people} 人", f"{people} people are there"))
    return steps
