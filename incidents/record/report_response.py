"""The sections of a report about how fast it went and who was reached. Pure.

The five facts of an order (accepted by a service, received by the device, seen, acknowledged, moving) each have their
own column and are never read for one another: an order without a receipt has none, whatever came after.
"""

from __future__ import annotations

from incidents.reaching.delivery import Delivery, Ending
from incidents.record.report_facts import DASH, Facts, first_of, gap_s, note_more, own_cell, person, show_seconds, since
from incidents.record.report_words import ENDINGS
from mobile_contract.reports import Cell, ReportSection, Table
from mobile_contract.text import Text
from plant.model import CommandState

# Design section 3: from the broker's receipt to the order and to the command, at the 99th percentile.
BUDGET_S = 0.1


def times_section(facts: Facts) -> ReportSection:
    """Response times against the limits that were in force."""
    opened, policy = facts.incident.opened_at, facts.policy
    orders = [a.known for a in facts.asked]
    rows = [
        _time(
            Text("报警 → 首个指令下达", "Alarm to first order"),
            gap_s(opened, first_of(o.queued_at for o in orders)),
            BUDGET_S,
        ),
        _time(
            Text("报警 → 首个设备命令", "Alarm to first command"),
            gap_s(opened, first_of(c.requested_at for c in facts.commands)),
            BUDGET_S,
        ),
    ]
    for order in orders:
        who = person(facts, order.account_id)
        rows.append(
            _time(
                Text(f"指令 → 手机收到（{who.zh}）", f"Order to device receipt ({who.en})"),
                gap_s(order.queued_at, order.received.at if order.received else None),
                policy.receipt_within_s,
            )
        )
        rows.append(
            _time(
                Text(f"指令 → 确认（{who.zh}）", f"Order to acknowledgement ({who.en})"),
                gap_s(order.queued_at, order.acknowledged.at if order.acknowledged else None),
                policy.acknowledge_within_s,
            )
        )
    rows.append(
        _time(
            Text("报警 → 首人确认", "Alarm to first acknowledgement"),
            gap_s(opened, first_of(o.acknowledged.at for o in orders if o.acknowledged)),
            None,
        )
    )
    rows.append(
        _time(
            Text("报警 → 首人出动", "Alarm to first person moving"),
            gap_s(opened, first_of(o.moving.at for o in orders if o.moving)),
            None,
        )
    )
    for command in facts.commands:
        name = facts.actuators.get(command.actuator_id, DASH)
        rows.append(
            _time(
                Text(f"命令 → 证实（{name.zh}）", f"Command to proof ({name.en})"),
                gap_s(command.requested_at, command.ended_at if command.state is CommandState.CONFIRMED else None),
                gap_s(command.requested_at, command.deadline_at),
                waiting=command.state in (CommandState.REQUESTED, CommandState.SENT),
            )
        )
    columns = [Text("指标", "Measure"), Text("用时", "Took"), Text("限值", "Limit"), Text("结果", "Result")]
    budget = show_seconds(BUDGET_S)
    note = Text(
        f"指令与命令的限值为系统设计指标 {budget}；收到与确认的限值为升级策略；证实的限值为该设备的时限。",
        f"Orders and commands: the design's budget of {budget}. Receipt and acknowledgement: the escalation policy."
        " Proof: the actuator's own deadline.",
    )
    return ReportSection("times", Text("响应时间", "Response times"), table=Table(columns, rows), note=note)


def asked_section(facts: Facts) -> ReportSection:
    """Every order with its five facts."""
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
        times = [since(facts, s.at if s else None) for s in stated]
        rows.append([Cell(person(facts, known.account_id)), own_cell(one.channel), since(facts, known.queued_at)])
        rows[-1] += [*times, _outcome(known)]
    note = Text(
        "时间为首报之后。五项事实各自记录，互不代替：受理不等于收到，收到不等于看到。",
        "Times are since the first alarm. The five facts are stated each by itself: accepted is not received, received"
        " is not seen.",
    )
    paragraphs = [] if rows else [Text("未通知任何人。", "Nobody was asked.")]
    table = Table(columns, rows) if rows else None
    title = Text("通知了谁、何时到达", "Who was asked and reached")
    return ReportSection("asked", title, paragraphs=[*paragraphs, *note_more(facts, "asked")], table=table, note=note)


def _outcome(known: Delivery) -> Cell:
    if known.declined is not None:
        return Cell(Text("拒绝", "declined"), "late")
    if known.acknowledged is not None or known.moving is not None:
        return Cell(Text("接受", "took it"), "good")
    if known.ended is Ending.EXHAUSTED and (known.received is not None or known.seen is not None):
        return Cell(Text("已到达，未应答", "reached, no answer"), "missing")
    if known.ended is not None:
        return Cell(ENDINGS[known.ended.value], "missing")
    return Cell(Text("未应答", "no answer"), "missing")


def _time(name: Text, took_s: float | None, limit_s: float | None, *, waiting: bool = False) -> list[Cell]:
    if waiting:
        result = Cell(Text("尚未证实", "not proven yet"))
    elif took_s is None:
        result = Cell(Text("未发生", "did not happen"), "missing")
    elif limit_s is None:
        result = Cell(DASH)
    elif took_s <= limit_s:
        result = Cell(Text("达标", "within"), "good")
    else:
        result = Cell(Text("超时", "late"), "late")
    limit = "—" if limit_s is None else show_seconds(limit_s)
    return [Cell(name), own_cell("—" if took_s is None else show_seconds(took_s)), own_cell(limit), result]
