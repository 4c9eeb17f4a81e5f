"""The roll calls of an incident, for its report."""

from __future__ import annotations

from core.database import Tx
from incidents.incident import Incident
from incidents.roll_call import queries
from incidents.roll_call.model import Person, RollCall, Status
from mobile_contract.reports import Cell, Fact, Mark, ReportSection, Table
from mobile_contract.text import Text

# Named are those who were not simply safe, and no more than a page of them.
NAMED_MAX = 60
CALLS_MAX = 20

STATUS: dict[Status, tuple[Text, Mark]] = {
    "need_help": (Text("需要帮助", "needs help"), "late"),
    "missing": (Text("失踪", "missing"), "missing"),
    "unsure": (Text("不确定", "unsure"), ""),
    "left": (Text("已离开", "left"), "good"),
    "accounted": (Text("已清点", "accounted for"), "good"),
}
_STATES = {
    "open": Text("进行中", "running"),
    "all_clear": Text("已解除", "all-clear"),
    "re_entry": Text("已允许返回", "re-entry allowed"),
}


async def roll_call_section(tx: Tx, incident: Incident) -> ReportSection | None:
    """Numbers and times of every roll call, and who was missing, in need or unsure at the end."""
    calls = await queries.list_calls(tx, incident.tenant_id, incident_id=incident.id, limit=CALLS_MAX)
    if not calls:
        return None
    people: list[Person] = []
    for call in calls:
        people += await queries.all_people(tx, incident.tenant_id, call.id)
    order = list(STATUS)
    odd = sorted(
        (p for p in people if p.status in ("need_help", "missing", "unsure") or p.contested),
        key=lambda p: (order.index(p.status), p.name, p.person_id),
    )
    facts = [fact for call in reversed(calls) for fact in _facts(call)]
    more = len(odd) - NAMED_MAX
    note = None if more <= 0 else Text(f"另有 {more} 人未列出", f"{more} more are not shown")
    return ReportSection("roll_call", Text("疏散与点名", "Evacuation and roll call"), facts, [], _table(odd), note)


def _facts(call: RollCall) -> list[Fact]:
    n = call.counts
    at = call.started_at.isoformat(timespec="seconds")
    zh = f"应到 {n.expected}，已清点 {n.accounted}，离开 {n.left}，"
    zh += f"需要帮助 {n.need_help}，失踪 {n.missing}，不确定 {n.unsure}"
    en = f"expected {n.expected}, accounted for {n.accounted}, left {n.left}, "
    en += f"in need {n.need_help}, missing {n.missing}, unsure {n.unsure}"
    mark: Mark = "missing" if n.missing or n.need_help else "good"
    state = _STATES[call.state]
    facts = [Fact(call.place, Text(f"{at}：{zh}；{state.zh}", f"{at}: {en}; {state.en}"), mark)]
    if call.all_clear_at is not None:
        minutes = round((call.all_clear_at - call.started_at).total_seconds() / 60, 1)
        label = Text("开始至解除", "From the start to the all-clear")
        facts.append(Fact(label, Text(f"{minutes} 分钟", f"{minutes} min")))
    return facts


def _table(people: list[Person]) -> Table | None:
    if not people:
        return None
    columns = [Text("姓名", "Name"), Text("状态", "State"), Text("可信度", "Confidence"), Text("说法不一", "Contested")]
    rows = []
    for person in people[:NAMED_MAX]:
        text, mark = STATUS[person.status]
        percent = f"{round(person.confidence * 100)} %"
        contested = Text("是", "yes") if person.contested else Text("", "")
        name, sure = Text(person.name, person.name), Text(percent, percent)
        rows.append([Cell(name), Cell(text, mark), Cell(sure), Cell(contested)])
    return Table(columns, rows)
