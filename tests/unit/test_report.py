"""A report says what the record says: no fact for another, limits as they were, silence where nothing happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from core.ids import new_id
from incidents.incident import Alarm, Incident, Task, TimelineEntry
from incidents.reaching.delivery import Delivery, DeliveryPolicy, Ending, Stated
from incidents.record.report import assemble, content_hash
from incidents.record.report_facts import Action, Asked, Facts, Lesson, show_seconds
from incidents.record.report_words import proof_text
from incidents.record.verification import Break
from mobile_contract.reports import ReportContent, ReportSection
from mobile_contract.text import Text
from plant.model import Command, CommandState

OPENED = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TENANT, SITE, ZONE, INCIDENT, ALARM = new_id(), new_id(), new_id(), new_id(), new_id()
WANG, LI, ZHAO, FAN, VALVE = new_id(), new_id(), new_id(), new_id(), new_id()


def at(seconds: float) -> datetime:
    """So long after the first alarm."""
    return OPENED + timedelta(seconds=seconds)


def stated(seconds: float) -> Stated:
    """A fact stated then."""
    return Stated(at(seconds))


def incident(**changes: Any) -> Incident:
    """A closed solvent leak."""
    made = Incident(
        tenant_id=TENANT,
        id=INCIDENT,
        number=12,
        site_id=SITE,
        zone_id=ZONE,
        state="closed",
        grade=2,
        reasons=[Text("丙酮二级报警", "Level 2 alarm of acetone"), Text("现场有 3 人", "3 people are there")],
        title=Text("溶剂库丙酮泄漏", "Acetone leak in the solvent store"),
        place=Text("北厂区 溶剂库", "North site, solvent store"),
        agent="acetone",
        plan={"template": "solvent", "version": 3},
        first_out_alarm_id=ALARM,
        opened_at=OPENED,
        last_alarm_at=OPENED,
        returned_at=at(700),
        closed_at=at(1500),
        closed_by=LI,
        close_reason="阀门已更换，浓度恢复正常",
    )
    return msgspec.structs.replace(made, **changes)


def order(person: UUID, **facts: Any) -> Asked:
    """An order to a person, queued with the alarm."""
    known = Delivery(
        id=new_id(),
        task_id=new_id(),
        incident_id=INCIDENT,
        account_id=person,
        task_fencing=1,
        queued_at=facts.pop("queued_at", at(0.02)),
        **facts,
    )
    return Asked(known, "fcm")


def command(actuator: UUID, state: CommandState, **changes: Any) -> Command:
    """A command with a deadline of five seconds."""
    made = Command(
        tenant_id=TENANT,
        id=new_id(),
        key="k",
        site_id=SITE,
        actuator_id=actuator,
        action="start",
        reason="leak",
        requested_by=None,
        incident_id=INCIDENT,
        inhibited=False,
        state=state,
        attempts=1,
        requested_at=at(0.02),
        sent_at=at(0.05),
        deadline_at=at(5.02),
        next_attempt_at=None,
        ended_at=at(2.4),
        feedback={"value": 6.1, "sensor": "s", "observed_at": "2026-03-02T08:00:02+00:00", "late": False},
    )
    return msgspec.structs.replace(made, **changes)


def task(state: Any, **changes: Any) -> Task:
    """A task that was to be taken within two minutes."""
    made = Task(
        tenant_id=TENANT,
        id=new_id(),
        incident_id=INCIDENT,
        position=1,
        role="responder",
        title=Text("关闭供液阀", "Close the supply valve"),
        steps=[],
        plan_template="solvent",
        plan_version=3,
        owner_account_id=WANG,
        state=state,
        fencing=1,
        deadline_at=at(120),
        created_at=at(0.02),
        answered_at=at(31),
        done_at=at(240),
    )
    return msgspec.structs.replace(made, **changes)


def alarm(**changes: Any) -> Alarm:
    """The alarm that opened it."""
    made = Alarm(
        tenant_id=TENANT,
        id=ALARM,
        rule_id=new_id(),
        episode=1,
        incident_id=INCIDENT,
        first_out=True,
        site_id=SITE,
        zone_id=ZONE,
        sensor_id=new_id(),
        actuator_id=None,
        kind="high",
        level=2,
        letter="A",
        title=Text("溶剂库：丙酮高于 12,500 ppm（二级）", "Solvent store: acetone above 12,500 ppm (level 2)"),
        value=13120.0,
        unit="[ppm]",
        set_point=12500.0,
        raised_at=OPENED,
        acknowledged_at=at(45),
        acknowledged_by=WANG,
        returned_at=at(700),
        ended_at=at(700),
    )
    return msgspec.structs.replace(made, **changes)


def line(position: int, seconds: float, kind: str, facts: dict[str, Any], by: UUID | None = None) -> TimelineEntry:
    """A line of the record."""
    return TimelineEntry(TENANT, INCIDENT, position, at(seconds), by, kind, facts, "f" * 64)


def facts(**changes: Any) -> Facts:
    """A night shift: wang's phone is silent at first, li declines, zhao goes."""
    made = Facts(
        incident=incident(),
        site=Text("北厂区", "North site"),
        tz="Asia/Shanghai",
        summary="夜班巡检前，2 号供液管法兰垫片老化，丙酮泄漏约 3 升。",
        causes="垫片超过更换周期 4 个月；周检未覆盖该法兰。",
        alarms=[alarm(), alarm(id=new_id(), first_out=False, value=None, set_point=None, acknowledged_at=None)],
        tasks=[
            task("done"),
            task("done", answered_at=at(130), title=Text("疏散溶剂库", "Evacuate the solvent store")),
            task("unanswered", owner_account_id=None, answered_at=None, done_at=None),
        ],
        commands=[
            command(FAN, CommandState.CONFIRMED),
            command(VALVE, CommandState.TIMED_OUT, action="close", ended_at=at(5.1), feedback=None),
            command(FAN, CommandState.CONFIRMED, inhibited=True),
        ],
        asked=[
            order(WANG, accepted=stated(0.3), ended=Ending.SUPERSEDED, ended_at=at(61)),
            order(LI, queued_at=at(8.1), accepted=stated(8.4), received=stated(8.9), declined=stated(12)),
            order(
                ZHAO,
                queued_at=at(12.1),
                accepted=stated(12.3),
                received=stated(12.9),
                seen=stated(15),
                acknowledged=stated(21),
                moving=stated(33),
            ),
            order(WANG, queued_at=at(400)),
        ],
        timeline=[
            line(1, 0, "incident.opened", {"number": 12, "plan": {"template": "solvent"}}),
            line(
                2, 0, "alarm.raised", {"title": {"zh": "丙酮高于限值", "en": "Acetone above its limit"}, "value": 13120}
            ),
            line(3, 240, "task.done", {"note": "阀门已关"}, WANG),
            line(4, 900, "something.new", {"odd": []}, new_id()),
            line(5, 1500, "incident.closed", {"reason": "阀门已更换"}, LI),
        ],
        people={WANG: "王强", LI: "李娜", ZHAO: "Zhao Min"},
        actuators={FAN: Text("1 号排风机", "Exhaust fan 1"), VALVE: Text("供液阀", "Supply valve")},
        lessons=[Lesson("周检清单须包含全部法兰。", LI)],
        actions=[
            Action("更换 2 号管线全部垫片", WANG, "2026-03-20", "verified", LI),
            Action("把法兰检查写入周检清单", LI, "2026-03-10", "overdue", None),
        ],
        policy=DeliveryPolicy(),
        length=5,
        hash="f" * 64,
        broken=None,
    )
    return msgspec.structs.replace(made, **changes)


def report(known: Facts) -> ReportContent:
    """Assembled as version 1."""
    return assemble(known, number=1, status=Text("草稿", "Draft"))


def section(content: ReportContent, key: str) -> ReportSection:
    """The section of this key."""
    return next(s for s in content.sections if s.key == key)


def row(content: ReportContent, key: str, first: str) -> list[tuple[str, str]]:
    """(text, mark) of the cells of the row that begins so, in English."""
    table = section(content, key).table
    assert table is not None
    found = next(r for r in table.rows if r[0].text.en == first)
    return [(cell.text.en, cell.mark) for cell in found]


def test_the_parts_stand_in_their_order() -> None:
    content = report(facts(provided=[ReportSection("roll_call", Text("点名", "Roll call"))]))
    assert [s.key for s in content.sections] == [
        *("summary", "times", "asked", "tasks", "commands", "alarms", "roll_call"),
        *("lessons", "actions", "timeline", "integrity"),
    ]
    assert content.subtitle.en == "North site · Incident 12 · Report 1"


def test_five_facts_are_never_read_for_one_another() -> None:
    content = report(facts())
    silent = row(content, "asked", "王强")
    assert [text for text, _ in silent] == ["王强", "fcm", "+20 ms", "+0.3 s", "—", "—", "—", "—", "went to another"]
    taken = row(content, "asked", "Zhao Min")
    assert [text for text, _ in taken[3:]] == ["+12.3 s", "+12.9 s", "+15.0 s", "+21.0 s", "+33.0 s", "took it"]
    assert row(content, "asked", "李娜")[-1] == ("declined", "late")


def test_an_acknowledgement_without_a_receipt_leaves_the_receipt_empty() -> None:
    content = report(facts(asked=[order(WANG, acknowledged=stated(9))]))
    assert row(content, "asked", "王强")[4] == ("—", "")
    assert row(content, "times", "Order to device receipt (王强)")[1:] == [
        ("—", ""),
        ("8.0 s", ""),
        ("did not happen", "missing"),
    ]


@pytest.mark.parametrize(
    ("measure", "took", "limit", "result"),
    [
        ("Alarm to first order", "20 ms", "0.1 s", ("within", "good")),
        ("Alarm to first command", "20 ms", "0.1 s", ("within", "good")),
        ("Order to device receipt (Zhao Min)", "0.8 s", "8.0 s", ("within", "good")),
        ("Alarm to first acknowledgement", "21.0 s", "—", ("—", "")),
        ("Alarm to first person moving", "33.0 s", "—", ("—", "")),
        ("Command to proof (Exhaust fan 1)", "2.4 s", "5.0 s", ("within", "good")),
        ("Command to proof (Supply valve)", "—", "5.0 s", ("did not happen", "missing")),
    ],
)
def test_times_stand_against_their_limits(measure: str, took: str, limit: str, result: tuple[str, str]) -> None:
    assert row(report(facts()), "times", measure)[1:] == [(took, ""), (limit, ""), result]


def test_a_receipt_after_its_limit_is_late() -> None:
    late = [order(WANG, received=stated(9))]
    assert row(report(facts(asked=late)), "times", "Order to device receipt (王强)")[3] == ("late", "late")


def test_commands_say_whether_they_were_proven_and_a_drill_that_they_were_inhibited() -> None:
    content = report(facts(incident=incident(exercise=True)))
    table = section(content, "commands").table
    assert table is not None
    assert [(r[5].text.en, r[5].mark) for r in table.rows] == [
        ("proven", "good"),
        ("no proof in time", "late"),
        ("proven (inhibited: drill)", "good"),
    ]
    assert [r[6].text.en for r in table.rows][:2] == ["measured 6.1", "—"]
    assert section(content, "summary").facts[0].value.en == "A drill: no machine moved"


def test_tasks_taken_late_or_by_nobody_show_it() -> None:
    table = section(report(facts()), "tasks").table
    assert table is not None
    assert [(r[2].mark, r[4].mark) for r in table.rows] == [("", "good"), ("late", "good"), ("", "missing")]


def test_nothing_done_is_said_and_empty_parts_are_left_out() -> None:
    bare = facts(
        asked=[], tasks=[], commands=[], alarms=[], lessons=[], actions=[], summary=" ", causes="", timeline=[]
    )
    content = report(bare)
    assert [s.key for s in content.sections] == [
        *("summary", "times", "asked", "lessons", "actions", "timeline", "integrity")
    ]
    assert section(content, "asked").paragraphs == [Text("未通知任何人。", "Nobody was asked.")]
    assert section(content, "summary").paragraphs == []
    assert row(content, "times", "Alarm to first order")[3] == ("did not happen", "missing")


def test_an_open_incident_has_no_end_yet() -> None:
    content = report(facts(incident=incident(closed_at=None, returned_at=None, closed_by=None, reasons=[])))
    values = {f.label.en: f.value.en for f in section(content, "summary").facts}
    assert (values["Lasted"], values["Closed"], values["Closed by"], values["Why this grade"]) == (
        "—",
        "—",
        "none",
        "—",
    )


def test_times_are_of_the_sites_own_clock() -> None:
    content = report(facts())
    values = {f.label.en: f.value.en for f in section(content, "summary").facts}
    assert values["First alarm"] == "2026-03-02 16:00:00"
    assert values["Lasted"] == "25 min 0 s"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.0 s"), (0.05, "50 ms"), (59.94, "59.9 s"), (59.97, "1 min 0 s"), (119.7, "2 min 0 s"), (7500, "2 h 5 min")],
)
def test_times_are_as_exact_as_they_are_long(value: float, shown: str) -> None:
    assert show_seconds(value) == shown


def test_a_list_that_was_cut_says_how_much_is_not_shown() -> None:
    content = report(facts(more={"timeline": 40}))
    assert section(content, "timeline").paragraphs == [Text("另有 40 条未列出。", "40 more are not shown.")]


def test_the_timeline_tells_what_people_can_read_and_no_structures() -> None:
    table = section(report(facts()), "timeline").table
    assert table is not None
    assert [(r[2].text.en, r[3].text.en, r[4].text.en) for r in table.rows][:3] == [
        ("Incident opened", "Muster", "number 12"),
        ("Alarm raised", "Muster", "Acetone above its limit; value 13120"),
        ("Task done", "王强", "note 阀门已关"),
    ]
    assert table.rows[3][2].text == Text("something.new", "something.new")


def test_a_broken_record_is_said_in_the_report_made_of_it() -> None:
    said = section(report(facts(broken=Break(3, "changed"))), "integrity").facts[0]
    assert said.mark == "missing"
    assert said.value.en == "broken at line 3 (changed): the record can not be trusted"


def test_actions_show_their_state_and_who_verified() -> None:
    content = report(facts())
    assert row(content, "actions", "更换 2 号管线全部垫片")[3] == ("verified by 李娜", "good")
    assert row(content, "actions", "把法兰检查写入周检清单")[3] == ("overdue", "late")


def test_an_order_nobody_answered_and_one_not_delivered() -> None:
    content = report(facts(asked=[order(WANG), order(ZHAO, ended=Ending.EXHAUSTED, ended_at=at(90))]))
    assert row(content, "asked", "王强")[-1] == ("no answer", "missing")
    assert row(content, "asked", "Zhao Min")[-1] == ("not reached", "missing")
    seen = order(ZHAO, received=stated(1), ended=Ending.EXHAUSTED, ended_at=at(90))
    assert row(report(facts(asked=[seen])), "asked", "Zhao Min")[-1] == ("reached, no answer", "missing")


@pytest.mark.parametrize(
    ("feedback", "said"),
    [
        (None, "—"),
        ({"late": False}, "—"),
        ({"value": 3.7, "sensor": "s", "observed_at": "x", "late": True}, "measured 3.7 (late)"),
        ({"state": "running", "value": None, "unit": None, "at_ms": 1, "late": False}, "the device says running"),
        ({"state": None, "value": 3.7, "unit": "m/s", "at_ms": 1, "late": False}, "the device says 3.7 m/s"),
        ({"fault": "jammed", "at_ms": 1, "late": False}, "the device says fault: jammed"),
        ({"superseded_by": "id"}, "called off by a later command"),
    ],
)
def test_proof_is_told_in_words(feedback: dict[str, Any] | None, said: str) -> None:
    assert proof_text(feedback).en == said
    assert proof_text(feedback).zh != said or said == "—"


def test_a_command_that_is_still_waited_for_has_not_failed() -> None:
    waiting = command(FAN, CommandState.SENT, ended_at=None, feedback=None)
    assert row(report(facts(commands=[waiting])), "times", "Command to proof (Exhaust fan 1)")[3] == (
        "not proven yet",
        "",
    )


def test_the_hash_is_of_what_is_said_whatever_the_order_of_its_fields() -> None:
    content = report(facts())
    stored = msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(content)))
    assert content_hash(msgspec.convert(stored, ReportContent)) == content_hash(content)
    changed = msgspec.structs.replace(content, grade=1)
    assert content_hash(changed) != content_hash(content)
