"""The drill's score as a section of the post-incident report."""

from __future__ import annotations

from core.database import Tx
from incidents.drills import queries
from incidents.drills.facts import load_facts
from incidents.drills.model import Drill, GoalScore, Score
from incidents.drills.score import score
from incidents.drills.wording import ENDED, GOALS, OVERALL, says, show_s
from incidents.incident import Incident
from mobile_contract.reports import Cell, Fact, Mark, ReportSection, Table
from mobile_contract.text import Text

_MARKS: dict[str, Mark] = {"met": "good", "missed": "late", "undecided": ""}


async def drill_section(tx: Tx, incident: Incident) -> ReportSection | None:
    """What the drill reached of its goals; None: the incident is no drill."""
    if not incident.exercise:
        return None
    drill = await queries.find_drill_of(tx, incident.tenant_id, incident.id)
    if drill is None:
        return None
    return section_of(drill, drill.score or score(await load_facts(tx, drill, incident, tx.now)))


def section_of(drill: Drill, it: Score) -> ReportSection:
    """The section of a score, both languages in every text."""
    told = Text("事先通知", "Announced") if drill.announced else Text("未事先通知", "Not announced")
    over = Text("进行中", "It runs") if drill.ended_why is None else ENDED[drill.ended_why]
    facts = [
        Fact(Text("总评", "Overall"), OVERALL[it.overall]),
        Fact(Text("结束", "End"), over),
        Fact(Text("通知", "Announcement"), told),
        Fact(Text("演习理由", "Reason"), Text(drill.reason, drill.reason)),
        Fact(Text("被命令人数", "People ordered"), Text(str(it.ordered), str(it.ordered))),
        Fact(Text("设备确认收到", "Reached, by their device"), Text(str(it.reached), str(it.reached))),
        Fact(Text("已确认步骤", "Steps confirmed"), Text(f"{it.confirmed}/{it.steps}", f"{it.confirmed}/{it.steps}")),
    ]
    columns = [Text("目标", "Goal"), Text("时限", "Limit"), Text("用时", "Took"), Text("结果", "Result")]
    table = Table(columns, [_row(goal) for goal in it.goals]) if it.goals else None
    return ReportSection("drill", Text("演习评分", "Score of the drill"), facts=facts, table=table)


def _row(goal: GoalScore) -> list[Cell]:
    missed: Mark = "missing" if goal.result == "missed" and goal.took_s is None else _MARKS[goal.result]
    return [
        Cell(GOALS[goal.goal]),
        Cell(show_s(goal.limit_s)),
        Cell(show_s(goal.took_s)),
        Cell(says(goal), missed),
    ]
