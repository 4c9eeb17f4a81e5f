"""A post-incident report from the facts of the record. Pure: the same facts give the same report."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from incidents.alarms.model import Grade
from incidents.grading import GRADE_NAMES
from incidents.incident import Incident
from incidents.record.report_facts import (
    DASH,
    Facts,
    joined,
    note_more,
    own,
    own_cell,
    person,
    show_clock,
    show_local,
    show_seconds,
    since,
)
from incidents.record.report_response import asked_section, times_section
from incidents.record.report_words import (
    ACTION_STATES,
    COMMAND_ACTIONS,
    COMMAND_STATES,
    EVENT_NAMES,
    TASK_STATES,
    proof_text,
    tell_facts,
)
from incidents.wording import show_quantity
from mobile_contract.reports import Cell, Fact, Mark, ReportContent, ReportSection, Table
from mobile_contract.text import Text


def assemble(facts: Facts, *, number: int, status: Text) -> ReportContent:
    """The report; sections that have nothing to say are left out, but for those whose silence would be a lie."""
    incident = facts.incident
    sections = [
        _summary(facts),
        times_section(facts),
        asked_section(facts),
        _tasks(facts),
        _commands(facts),
        _alarms(facts),
        *facts.provided,
        _lessons(facts),
        _actions(facts),
        _timeline(facts),
        _integrity(facts),
    ]
    return ReportContent(
        title=incident.title,
        subtitle=Text(
            f"{facts.site.zh} · 事件 {incident.number} · 报告第 {number} 版",
            f"{facts.site.en} · Incident {incident.number} · Report {number}",
        ),
        exercise=incident.exercise,
        grade=incident.grade,
        status=status,
        sections=[section for section in sections if section is not None],
    )


def content_hash(content: ReportContent) -> str:
    """What the timeline keeps of a signed report: hexadecimal SHA-256 of its JSON with sorted keys."""
    plain = msgspec.to_builtins(content)
    return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()


def _summary(facts: Facts) -> ReportSection:
    it = facts.incident
    over = it.closed_at or it.returned_at
    rows = [
        Fact(Text("等级", "Grade"), GRADE_NAMES[Grade(it.grade)]),
        Fact(Text("定级原因", "Why this grade"), joined(it.reasons)),
        Fact(Text("地点", "Place"), it.place),
        Fact(Text("首报时间", "First alarm"), show_clock(facts, it.opened_at)),
        Fact(Text("恢复正常", "Back to normal"), show_clock(facts, it.returned_at)),
        Fact(Text("关闭", "Closed"), show_clock(facts, it.closed_at)),
        Fact(Text("持续", "Lasted"), _lasted(it.opened_at, over)),
        Fact(Text("关闭人", "Closed by"), person(facts, it.closed_by)),
        Fact(Text("关闭原因", "Reason for closing"), own(it.close_reason)),
        Fact(Text("预案", "Plan"), _plan(it)),
        Fact(Text("时区", "Time zone"), Text(facts.tz, facts.tz)),
    ]
    if it.exercise:
        rows.insert(0, Fact(Text("演习", "Exercise"), Text("本次为演习，未驱动任何设备", "A drill: no machine moved")))
    words = [
        (Text("经过", "What happened"), facts.summary),
        (Text("原因", "Causes"), facts.causes),
    ]
    told = [Text(f"{name.zh}：{text}", f"{name.en}: {text}") for name, text in words if text.strip()]
    return ReportSection("summary", Text("概要", "Summary"), facts=rows, paragraphs=told)


def _tasks(facts: Facts) -> ReportSection | None:
    columns = [
        Text("任务", "Task"),
        Text("负责人", "Owner"),
        Text("接受", "Taken"),
        Text("完成", "Done"),
        Text("状态", "State"),
    ]
    rows = []
    for task in facts.tasks:
        late = task.answered_at is not None and task.answered_at > task.deadline_at
        mark: Mark = "good" if task.state == "done" else "missing" if task.state == "unanswered" else ""
        taken = msgspec.structs.replace(since(facts, task.answered_at), mark="late" if late else "")
        name = TASK_STATES.get(task.state, Text(task.state, task.state))
        owner = Cell(person(facts, task.owner_account_id))
        rows.append([Cell(task.title), owner, taken, since(facts, task.done_at), Cell(name, mark)])
    return ReportSection("tasks", Text("任务", "Tasks"), table=Table(columns, rows)) if rows else None


def _commands(facts: Facts) -> ReportSection | None:
    columns = [
        Text("设备", "Actuator"),
        Text("动作", "Action"),
        Text("下达", "Requested"),
        Text("发送", "Sent"),
        Text("终结", "Ended"),
        Text("结果", "Result"),
        Text("证据", "Proof"),
    ]
    rows = []
    for command in facts.commands:
        state, mark = COMMAND_STATES[command.state]
        if command.inhibited:
            state = Text(f"{state.zh}（演习抑制）", f"{state.en} (inhibited: drill)")
        rows.append(
            [
                Cell(facts.actuators.get(command.actuator_id, DASH)),
                Cell(COMMAND_ACTIONS.get(command.action, Text(command.action, command.action))),
                since(facts, command.requested_at),
                since(facts, command.sent_at),
                since(facts, command.ended_at),
                Cell(state, mark),
                Cell(proof_text(command.feedback)),
            ]
        )
    if not rows:
        return None
    more = note_more(facts, "commands")
    title = Text("设备命令与证实", "Commands and their proof")
    return ReportSection("commands", title, paragraphs=more, table=Table(columns, rows))


def _alarms(facts: Facts) -> ReportSection | None:
    columns = [
        Text("报警", "Alarm"),
        Text("数值", "Value"),
        Text("限值", "Limit"),
        Text("触发", "Raised"),
        Text("确认", "Acknowledged"),
        Text("恢复", "Returned"),
    ]
    rows = []
    for alarm in facts.alarms:
        value, limit = [_quantity(v, alarm.unit) for v in (alarm.value, alarm.set_point)]
        first = Text("（首报）", " (first out)") if alarm.first_out else Text("", "")
        title = Text(alarm.title.zh + first.zh, alarm.title.en + first.en)
        times = [since(facts, at) for at in (alarm.raised_at, alarm.acknowledged_at, alarm.returned_at)]
        rows.append([Cell(title), own_cell(value), own_cell(limit), *times])
    if not rows:
        return None
    return ReportSection(
        "alarms", Text("报警", "Alarms"), paragraphs=note_more(facts, "alarms"), table=Table(columns, rows)
    )


def _quantity(value: float | None, unit: str) -> str:
    return "—" if value is None else show_quantity(value, unit)


def _lessons(facts: Facts) -> ReportSection:
    said = []
    for lesson in facts.lessons:
        who = person(facts, lesson.by)
        said.append(Text(f"{lesson.text}（{who.zh}）", f"{lesson.text} ({who.en})"))
    return ReportSection(
        "lessons", Text("经验教训", "Lessons"), paragraphs=said or [Text("尚未填写。", "None written yet.")]
    )


def _actions(facts: Facts) -> ReportSection:
    columns = [Text("整改措施", "Action"), Text("负责人", "Owner"), Text("期限", "Due"), Text("状态", "State")]
    rows = []
    for action in facts.actions:
        state, mark = ACTION_STATES[action.state]
        if action.verified_by is not None:
            who = person(facts, action.verified_by)
            state = Text(f"{state.zh}（{who.zh}）", f"{state.en} by {who.en}")
        rows.append(
            [own_cell(action.text), Cell(person(facts, action.owner)), own_cell(action.due_on), Cell(state, mark)]
        )
    title = Text("整改措施", "Corrective actions")
    if not rows:
        return ReportSection("actions", title, paragraphs=[Text("尚未确定。", "None set yet.")])
    return ReportSection("actions", title, table=Table(columns, rows))


def _timeline(facts: Facts) -> ReportSection:
    columns = [
        Text("序号", "No."),
        Text("时间", "Time"),
        Text("事件", "Event"),
        Text("人员", "Person"),
        Text("内容", "Facts"),
    ]
    rows = []
    for entry in facts.timeline:
        name = EVENT_NAMES.get(entry.kind, Text(entry.kind, entry.kind))
        who = Text("系统", "Muster") if entry.actor_id is None else person(facts, entry.actor_id)
        rows.append(
            [
                own_cell(str(entry.position)),
                own_cell(show_local(facts, entry.at)),
                Cell(name),
                Cell(who),
                Cell(tell_facts(entry.facts)),
            ]
        )
    title = Text("时间线", "Timeline")
    return ReportSection("timeline", title, paragraphs=note_more(facts, "timeline"), table=Table(columns, rows))


def _integrity(facts: Facts) -> ReportSection:
    if facts.broken is None:
        said = Fact(
            Text("哈希链", "Hash chain"),
            Text(f"完整，共 {facts.length} 条", f"whole, {facts.length} lines"),
            "good",
        )
    else:
        said = Fact(
            Text("哈希链", "Hash chain"),
            Text(
                f"第 {facts.broken.position} 条被改动或缺失，记录不可信",
                f"broken at line {facts.broken.position} ({facts.broken.damage}): the record can not be trusted",
            ),
            "missing",
        )
    last = Fact(Text("末条哈希", "Last hash"), own(facts.hash))
    return ReportSection("integrity", Text("记录完整性", "Integrity of the record"), facts=[said, last])


def _lasted(start: datetime, end: datetime | None) -> Text:
    return DASH if end is None else own(show_seconds((end - start).total_seconds()))


def _plan(incident: Incident) -> Text:
    return own(f"{incident.plan.get('template', '—')} v{incident.plan.get('version', '—')}")
