"""A post-incident report from the facts of the record. Pure: the same facts give the same report.

The five facts of an order (accepted by a service, received by the device, seen, acknowledged, moving) each have their
own column and are never read for one another: an order without a receipt has none, whatever came after.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from incidents.alarms.model import Grade
from incidents.grading import GRADE_NAMES
from incidents.incident import Alarm, Incident, Task, TimelineEntry
from incidents.reaching.delivery import Delivery, DeliveryPolicy
from incidents.record.report_words import (
    ACTION_STATES,
    COMMAND_ACTIONS,
    COMMAND_STATES,
    ENDINGS,
    EVENT_NAMES,
    TASK_STATES,
    tell_facts,
)
from incidents.record.verification import Break
from incidents.wording import show_quantity
from mobile_contract.reports import Cell, Fact, Mark, ReportContent, ReportSection, Table
from mobile_contract.text import Text
from plant.model import Command, CommandState

# Design section 3: from the broker's receipt to the order and to the command, at the 99th percentile.
BUDGET_S = 0.1
NOBODY = Text("无", "none")
DASH = Text("—", "—")


class Asked(msgspec.Struct, frozen=True):
    """One order to one person, and the channel that last took it."""

    known: Delivery
    channel: str


class Lesson(msgspec.Struct, frozen=True):
    """What was learned, by whom."""

    text: str
    by: UUID


class Action(msgspec.Struct, frozen=True):
    """What must change; ``state``: open, done, verified, or overdue."""

    text: str
    owner: UUID
    due_on: str
    state: str
    verified_by: UUID | None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a report is made of. ``people`` and ``actuators``: names by id; ``tz``: the site's time zone;
    ``more``: others that exist beyond what was read, by name of the list; ``provided``: sections of other parts."""

    incident: Incident
    site: Text
    tz: str
    summary: str
    causes: str
    alarms: Sequence[Alarm]
    tasks: Sequence[Task]
    commands: Sequence[Command]
    asked: Sequence[Asked]
    timeline: Sequence[TimelineEntry]
    people: Mapping[UUID, str]
    actuators: Mapping[UUID, Text]
    lessons: Sequence[Lesson]
    actions: Sequence[Action]
    policy: DeliveryPolicy
    length: int
    hash: str
    broken: Break | None
    more: Mapping[str, int] = {}
    provided: Sequence[ReportSection] = ()


def assemble(facts: Facts, *, number: int, status: Text) -> ReportContent:
    """The report; sections that have nothing to say are left out, but for those whose silence would be a lie."""
    incident = facts.incident
    sections = [
        _summary(facts),
        _times(facts),
        _asked(facts),
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
        Fact(Text("定级原因", "Why this grade"), _joined(it.reasons)),
        Fact(Text("地点", "Place"), it.place),
        Fact(Text("首报时间", "First alarm"), _clock(facts, it.opened_at)),
        Fact(Text("恢复正常", "Back to normal"), _clock(facts, it.returned_at)),
        Fact(Text("关闭", "Closed"), _clock(facts, it.closed_at)),
        Fact(Text("持续", "Lasted"), _lasted(it.opened_at, over)),
        Fact(Text("关闭人", "Closed by"), _person(facts, it.closed_by)),
        Fact(Text("关闭原因", "Reason for closing"), _own(it.close_reason)),
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


def _times(facts: Facts) -> ReportSection:
    """Response times against the limits that were in force."""
    opened, policy = facts.incident.opened_at, facts.policy
    orders = [a.known for a in facts.asked]
    rows = [
        _time(
            Text("报警 → 首个指令下达", "Alarm to first order"),
            _gap(opened, _first(o.queued_at for o in orders)),
            BUDGET_S,
        ),
        _time(
            Text("报警 → 首个设备命令", "Alarm to first command"),
            _gap(opened, _first(c.requested_at for c in facts.commands)),
            BUDGET_S,
        ),
    ]
    for order in orders:
        who = _person(facts, order.account_id)
        rows.append(
            _time(
                Text(f"指令 → 手机收到（{who.zh}）", f"Order to device receipt ({who.en})"),
                _gap(order.queued_at, order.received.at if order.received else None),
                policy.receipt_within_s,
            )
        )
        rows.append(
            _time(
                Text(f"指令 → 确认（{who.zh}）", f"Order to acknowledgement ({who.en})"),
                _gap(order.queued_at, order.acknowledged.at if order.acknowledged else None),
                policy.acknowledge_within_s,
            )
        )
    rows.append(
        _time(
            Text("报警 → 首人确认", "Alarm to first acknowledgement"),
            _gap(opened, _first(o.acknowledged.at for o in orders if o.acknowledged)),
            None,
        )
    )
    rows.append(
        _time(
            Text("报警 → 首人出动", "Alarm to first person moving"),
            _gap(opened, _first(o.moving.at for o in orders if o.moving)),
            None,
        )
    )
    for command in facts.commands:
        name = facts.actuators.get(command.actuator_id, DASH)
        rows.append(
            _time(
                Text(f"命令 → 证实（{name.zh}）", f"Command to proof ({name.en})"),
                _gap(command.requested_at, command.ended_at if command.state is CommandState.CONFIRMED else None),
                _gap(command.requested_at, command.deadline_at),
            )
        )
    columns = [Text("指标", "Measure"), Text("用时", "Took"), Text("限值", "Limit"), Text("结果", "Result")]
    note = Text(
        f"指令与命令的限值为系统设计指标 {_seconds(BUDGET_S)}；收到与确认的限值为升级策略；证实的限值为该设备的时限。",
        f"Orders and commands: the design's budget of {_seconds(BUDGET_S)}. Receipt and acknowledgement: the escalation"
        " policy. Proof: the actuator's own deadline.",
    )
    return ReportSection("times", Text("响应时间", "Response times"), table=Table(columns, rows), note=note)


def _asked(facts: Facts) -> ReportSection:
    columns = [
        Text("人员", "Person"),
        Text("通道", "Channel"),
        Text("下达", "Ordered"),
        Text("通道受理", "Accepted"),
        Text("手机收到", "Received"),
        Text("已看", "Seen"),
        Text("确认", "Acknowledged"),
        Text("出动", "Moving"),
        Text("结果", "Outcome"),
    ]
    rows = []
    for one in facts.asked:
        known = one.known
        stated = [known.accepted, known.received, known.seen, known.acknowledged, known.moving]
        times = [_since(facts, s.at if s else None) for s in stated]
        rows.append([Cell(_person(facts, known.account_id)), _own_cell(one.channel), _since(facts, known.queued_at)])
        rows[-1] += [*times, _outcome(known)]
    note = Text(
        "时间为首报之后。五项事实各自记录，互不代替：受理不等于收到，收到不等于看到。",
        "Times are since the first alarm. The five facts are stated each by itself: accepted is not received, received"
        " is not seen.",
    )
    paragraphs = [] if rows else [Text("未通知任何人。", "Nobody was asked.")]
    table = Table(columns, rows) if rows else None
    title = Text("通知了谁、何时到达", "Who was asked and reached")
    return ReportSection("asked", title, paragraphs=[*paragraphs, *_more(facts, "asked")], table=table, note=note)


def _outcome(known: Delivery) -> Cell:
    if known.declined is not None:
        return Cell(Text("拒绝", "declined"), "late")
    if known.acknowledged is not None or known.moving is not None:
        return Cell(Text("接受", "took it"), "good")
    if known.ended is not None:
        return Cell(ENDINGS[known.ended.value], "missing")
    return Cell(Text("未应答", "no answer"), "missing")


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
        taken = msgspec.structs.replace(_since(facts, task.answered_at), mark="late" if late else "")
        name = TASK_STATES.get(task.state, Text(task.state, task.state))
        owner = Cell(_person(facts, task.owner_account_id))
        rows.append([Cell(task.title), owner, taken, _since(facts, task.done_at), Cell(name, mark)])
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
                _since(facts, command.requested_at),
                _since(facts, command.sent_at),
                _since(facts, command.ended_at),
                Cell(state, mark),
                _own_cell(_proof(command.feedback)),
            ]
        )
    if not rows:
        return None
    more = _more(facts, "commands")
    title = Text("设备命令与证实", "Commands and their proof")
    return ReportSection("commands", title, paragraphs=more, table=Table(columns, rows))


def _proof(feedback: dict[str, Any] | None) -> str:
    if not feedback:
        return "—"
    return ", ".join(f"{name} {value}" for name, value in sorted(feedback.items()))[:200]


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
        times = [_since(facts, at) for at in (alarm.raised_at, alarm.acknowledged_at, alarm.returned_at)]
        rows.append([Cell(title), _own_cell(value), _own_cell(limit), *times])
    if not rows:
        return None
    return ReportSection(
        "alarms", Text("报警", "Alarms"), paragraphs=_more(facts, "alarms"), table=Table(columns, rows)
    )


def _quantity(value: float | None, unit: str) -> str:
    return "—" if value is None else show_quantity(value, unit)


def _lessons(facts: Facts) -> ReportSection:
    said = []
    for lesson in facts.lessons:
        who = _person(facts, lesson.by)
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
            who = _person(facts, action.verified_by)
            state = Text(f"{state.zh}（{who.zh}）", f"{state.en} by {who.en}")
        rows.append(
            [_own_cell(action.text), Cell(_person(facts, action.owner)), _own_cell(action.due_on), Cell(state, mark)]
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
        who = Text("系统", "Muster") if entry.actor_id is None else _person(facts, entry.actor_id)
        rows.append(
            [
                _own_cell(str(entry.position)),
                _own_cell(_local(facts, entry.at)),
                Cell(name),
                Cell(who),
                Cell(tell_facts(entry.facts)),
            ]
        )
    title = Text("时间线", "Timeline")
    return ReportSection("timeline", title, paragraphs=_more(facts, "timeline"), table=Table(columns, rows))


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
    last = Fact(Text("末条哈希", "Last hash"), _own(facts.hash))
    return ReportSection("integrity", Text("记录完整性", "Integrity of the record"), facts=[said, last])


def _more(facts: Facts, name: str) -> list[Text]:
    count = facts.more.get(name, 0)
    return [Text(f"另有 {count} 条未列出。", f"{count} more are not shown.")] if count else []


def _time(name: Text, took_s: float | None, limit_s: float | None) -> list[Cell]:
    if took_s is None:
        result = Cell(Text("未发生", "did not happen"), "missing")
    elif limit_s is None:
        result = Cell(DASH)
    elif took_s <= limit_s:
        result = Cell(Text("达标", "within"), "good")
    else:
        result = Cell(Text("超时", "late"), "late")
    limit = "—" if limit_s is None else _seconds(limit_s)
    return [Cell(name), _own_cell("—" if took_s is None else _seconds(took_s)), _own_cell(limit), result]


def _first(times: Any) -> datetime | None:
    return min(times, default=None)


def _gap(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - start).total_seconds()


def _seconds(value: float) -> str:
    """Below a tenth in milliseconds, below a minute in tenths, above in minutes and seconds."""
    if 0 < abs(value) < 0.1:
        return f"{value * 1000:.0f} ms"
    if abs(value) < 60:
        return f"{value:.1f} s"
    return f"{value // 60:.0f} min {value % 60:.0f} s"


def _since(facts: Facts, at: datetime | None) -> Cell:
    """A time as what passed since the incident opened."""
    gap = None if at is None else _gap(facts.incident.opened_at, at)
    return Cell(DASH) if gap is None else _own_cell(("+" if gap >= 0 else "") + _seconds(gap))


def _clock(facts: Facts, at: datetime | None) -> Text:
    return DASH if at is None else _own(_local(facts, at))


def _local(facts: Facts, at: datetime) -> str:
    return at.astimezone(ZoneInfo(facts.tz)).strftime("%Y-%m-%d %H:%M:%S")


def _lasted(start: datetime, end: datetime | None) -> Text:
    return DASH if end is None else _own(_seconds((end - start).total_seconds()))


def _person(facts: Facts, account_id: UUID | None) -> Text:
    if account_id is None:
        return NOBODY
    return _own(facts.people.get(account_id, str(account_id)))


def _plan(incident: Incident) -> Text:
    return _own(f"{incident.plan.get('template', '—')} v{incident.plan.get('version', '—')}")


def _joined(texts: Sequence[Text]) -> Text:
    return Text("；".join(t.zh for t in texts) or "—", "; ".join(t.en for t in texts) or "—")


def _own(text: str | None) -> Text:
    """A text that is the same in both languages: a name, a number, a person's own words."""
    return DASH if not text else Text(text, text)


def _own_cell(text: str | None) -> Cell:
    return Cell(_own(text))
