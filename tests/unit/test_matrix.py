"""A cause-and-effect matrix: what it asks for, what is wrong with it, what changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from incidents.matrix.checks import Finding, KnownActuator, KnownPlant, KnownRule, check, has_errors
from incidents.matrix.diff import diff
from incidents.matrix.effects import Command, Evacuation, Moment, PlanWanted, Source, effects_of, holds
from incidents.matrix.model import Cause, Cell, Condition, Effect, MatrixBody
from mobile_contract.text import Text

NAME = Text("名", "name")
RULE, OTHER_RULE, VOTE = UUID(int=1), UUID(int=2), UUID(int=3)
STORE, HALL = UUID(int=11), UUID(int=12)
FAN, SIREN, SAW = UUID(int=21), UUID(int=22), UUID(int=23)
NOON = Moment(720, 3)

PLANT = KnownPlant(
    rules={RULE: KnownRule(STORE, 2, toxic=True), OTHER_RULE: KnownRule(HALL, 1, toxic=False)},
    zones=frozenset({STORE, HALL}),
    actuators={
        FAN: KnownActuator("fan", frozenset({"start", "stop"}), in_use=True),
        SIREN: KnownActuator("siren", frozenset({"sound"}), in_use=False),
        SAW: KnownActuator("machine_stop", frozenset({"stop"}), in_use=True),
    },
    groups=frozenset({VOTE}),
    plans=frozenset({"toxic-gas"}),
)


def cause(slug: str = "hf", **form: Any) -> Cause:
    return Cause(slug=slug, name=NAME, **(form or {"rule": RULE}))


def effect(slug: str = "fan-on", **form: Any) -> Effect:
    return Effect(slug=slug, name=NAME, **(form or {"actuator": FAN, "action": "start"}))


def cell(row: str = "hf", column: str = "fan-on", **how: Any) -> Cell:
    return Cell(cause=row, effect=column, **how)


def matrix(causes: list[Cause], effects: list[Effect], cells: list[Cell]) -> MatrixBody:
    return MatrixBody(causes=tuple(causes), effects=tuple(effects), cells=tuple(cells))


LEAVE = effect("leave", evacuate="zone")
SOUND = matrix([cause()], [effect(), LEAVE], [cell(), cell(column="leave")])
SOURCE = Source(rule=RULE, zone=STORE, level=2, agent="hydrogen-fluoride")


@pytest.mark.parametrize(
    ("row", "is_it"),
    [
        (cause(rule=RULE), True),
        (cause(rule=OTHER_RULE), False),
        (cause(agent="hydrogen-fluoride"), True),
        (cause(agent="hydrogen-fluoride", level=2, zone=STORE), True),
        (cause(agent="hydrogen-fluoride", zone=HALL), False),
        (cause(agent="chlorine"), False),
        (cause(vote=VOTE), False),
        (cause(vote=RULE), True),
    ],
)
def test_a_row_is_a_rule_an_agent_or_a_vote(row: Cause, is_it: bool) -> None:
    body = matrix([row], [effect()], [cell()])
    assert bool(effects_of(body, SOURCE, NOON).commands) == is_it


def test_a_first_level_does_not_reach_what_begins_at_the_second_and_a_vote_is_its_groups() -> None:
    body = matrix([cause(agent="hydrogen-fluoride", level=2)], [effect()], [cell()])
    assert effects_of(body, Source(rule=RULE, zone=STORE, level=1, agent="hydrogen-fluoride"), NOON).commands == ()
    voted = matrix([cause(vote=VOTE)], [effect()], [cell()])
    assert effects_of(voted, Source(rule=OTHER_RULE, zone=STORE, level=1, vote=VOTE), NOON).commands


def test_effects_are_commands_evacuations_and_plans_and_of_two_the_quicker() -> None:
    body = matrix(
        [cause("a"), cause("b", agent="hydrogen-fluoride")],
        [effect("on"), effect("also-on"), LEAVE, effect("hall", zones=(HALL,)), effect("plan", plan="toxic-gas")],
        [
            cell("a", "on", delay_s=20),
            cell("b", "also-on", delay_s=5, how="latch"),
            cell("a", "leave", delay_s=9),
            cell("b", "leave"),
            cell("a", "hall"),
            cell("b", "hall", delay_s=9),
            cell("a", "plan", delay_s=1),
            cell("b", "plan"),
            cell("b", "nowhere"),
        ],
    )
    found = effects_of(body, SOURCE, NOON)
    assert found.commands == (Command(FAN, "start", 5, True, "b"),)
    assert found.evacuations == (Evacuation("zone", (), 0, "b"), Evacuation(None, (HALL,), 0, "a"))
    assert found.plans == (PlanWanted("toxic-gas", 0, "b"),)
    slower = matrix(list(body.causes), list(body.effects), [
        cell("a", "on", how="latch"), cell("b", "also-on", delay_s=5), cell("a", "plan"), cell("b", "plan"),
    ])  # fmt: skip
    assert effects_of(slower, SOURCE, NOON).commands == (Command(FAN, "start", 0, True, "a"),)


def test_an_inhibiting_cause_keeps_back_the_effect_while_it_stands() -> None:
    body = matrix(
        [cause(), cause("maintenance", rule=OTHER_RULE)],
        [effect(), LEAVE],
        [cell(), cell(column="leave"), cell("maintenance", how="inhibit")],
    )
    assert effects_of(body, SOURCE, NOON).commands
    kept_back = effects_of(body, SOURCE, NOON, standing={"maintenance"})
    assert (kept_back.commands, len(kept_back.evacuations)) == ((), 1)


def test_a_cell_may_ask_for_two_causes() -> None:
    both = Condition(with_cause="b")
    body = matrix([cause(), cause("b", rule=OTHER_RULE)], [effect()], [cell(condition=both)])
    assert effects_of(body, SOURCE, NOON).commands == ()
    assert effects_of(body, SOURCE, NOON, standing={"b"}).commands


def test_a_cause_that_only_another_asks_for_leads_somewhere() -> None:
    body = matrix(
        [cause(), cause("b", rule=OTHER_RULE)], [LEAVE], [cell(column="leave", condition=Condition(with_cause="b"))]
    )
    assert [f.code for f in check(body, PLANT)] == []


def test_a_cell_that_asks_for_two_causes_does_not_ask_which_of_them_came_last() -> None:
    body = matrix(
        [cause(), cause("b", rule=OTHER_RULE)],
        [effect(), LEAVE],
        [cell(condition=Condition(with_cause="b")), cell(column="leave")],
    )
    last = effects_of(body, Source(rule=OTHER_RULE, zone=HALL, level=1), NOON, standing={"hf", "b"})
    assert [c.cause for c in last.commands] == ["hf"]
    assert last.evacuations == (), "what stood by itself was asked for when it came"
    alone = effects_of(body, Source(rule=OTHER_RULE, zone=HALL, level=1), NOON, standing={"b"})
    assert alone.commands == ()


@pytest.mark.parametrize(
    ("condition", "moment", "met"),
    [
        (None, NOON, True),
        (Condition(from_minute=480, to_minute=1020), NOON, True),
        (Condition(from_minute=480, to_minute=720), NOON, False),
        (Condition(from_minute=1320, to_minute=360), Moment(1330, 5), True),
        (Condition(from_minute=1320, to_minute=360), Moment(100, 5), True),
        (Condition(from_minute=1320, to_minute=360), NOON, False),
        (Condition(weekdays=(6, 7)), Moment(0, 6), True),
        (Condition(weekdays=(6, 7)), Moment(0, 1), False),
        # Friday's night goes on after midnight.
        (Condition(from_minute=1320, to_minute=360, weekdays=(5,)), Moment(100, 6), True),
        (Condition(from_minute=1320, to_minute=360, weekdays=(7,)), Moment(100, 1), True),
        (Condition(from_minute=1320, to_minute=360, weekdays=(5,)), Moment(1330, 6), False),
    ],
)
def test_hours_and_weekdays_are_the_sites(condition: Condition | None, moment: Moment, met: bool) -> None:
    assert holds(condition, moment, ()) == met


def test_a_sound_matrix_has_nothing_wrong() -> None:
    assert check(SOUND, PLANT) == []
    assert not has_errors([])


def conditional(**when: Any) -> MatrixBody:
    return matrix([cause()], [effect()], [cell(condition=Condition(**when))])


WRONG: list[tuple[str, str, str | None, str | None, MatrixBody]] = [
    ("error", "cause.twice", "hf", None, matrix([cause(), cause()], [effect()], [cell()])),
    ("error", "effect.twice", None, "fan-on", matrix([cause()], [effect(), effect()], [cell()])),
    ("error", "cause.slug", "H F", None, matrix([cause("H F", rule=RULE)], [effect()], [cell("H F")])),
    ("error", "effect.slug", None, "-", matrix([cause()], [effect("-", plan="toxic-gas")], [cell(column="-")])),
    ("error", "cause.form", "hf", None, matrix([cause(level=2)], [effect()], [cell()])),
    ("error", "cause.form", "hf", None, matrix([cause(rule=RULE, vote=VOTE)], [effect()], [cell()])),
    ("error", "cause.rule", "hf", None, matrix([cause(rule=VOTE)], [effect()], [cell()])),
    ("error", "cause.vote", "hf", None, matrix([cause(vote=RULE)], [effect()], [cell()])),
    ("error", "cause.zone", "hf", None, matrix([cause(agent="chlorine", zone=VOTE)], [effect()], [cell()])),
    ("error", "cause.level", "hf", None, matrix([cause(agent="chlorine", level=3)], [effect()], [cell()])),
    ("warning", "cause.agent", "hf", None, matrix([cause(agent="unobtainium")], [effect()], [cell()])),
    ("error", "cause.no_effect", "hf", None, matrix([cause()], [], [])),
    ("warning", "cause.no_evacuation", "hf", None, matrix([cause()], [effect()], [cell()])),
    (
        "warning", "cause.no_evacuation", "hf", None,
        matrix([cause(agent="chlorine", level=2)], [effect(), LEAVE], [cell(), cell(column="leave", how="inhibit")]),
    ),
    ("error", "effect.form", None, "fan-on", matrix([cause()], [effect(action="start")], [cell()])),
    ("error", "effect.actuator", None, "fan-on", matrix([cause()], [effect(actuator=VOTE, action="x")], [cell()])),
    ("error", "effect.retired", None, "fan-on", matrix([cause()], [effect(actuator=SIREN, action="sound")], [cell()])),
    ("error", "effect.action", None, "fan-on", matrix([cause()], [effect(actuator=FAN, action="open")], [cell()])),
    ("warning", "effect.lets_go", None, "fan-on", matrix([cause()], [effect(actuator=FAN, action="stop")], [cell()])),
    ("error", "effect.scope", None, "fan-on", matrix([cause()], [effect(evacuate="site", zones=(HALL,))], [cell()])),
    ("error", "effect.zone", None, "fan-on", matrix([cause()], [effect(zones=(VOTE,))], [cell()])),
    ("error", "effect.plan", None, "fan-on", matrix([cause()], [effect(plan="none")], [cell()])),
    ("warning", "effect.unused", None, "leave", matrix([cause()], [effect(), LEAVE], [cell()])),
    ("error", "cell.twice", "hf", "fan-on", matrix([cause()], [effect()], [cell(), cell(delay_s=3)])),
    ("error", "cell.nowhere", "xx", "fan-on", matrix([cause()], [effect()], [cell(), cell("xx")])),
    ("error", "cell.delay", "hf", "fan-on", matrix([cause()], [effect()], [cell(delay_s=float("nan"))])),
    ("error", "cell.delay", "hf", "fan-on", matrix([cause()], [effect()], [cell(delay_s=3601)])),
    ("error", "cell.delay", "hf", "fan-on", matrix([cause()], [effect()], [cell(delay_s=1, how="inhibit")])),
    ("error", "cell.delay_of", "hf", "leave", matrix([cause()], [LEAVE], [cell(column="leave", delay_s=1)])),
    ("error", "cell.condition", "hf", "fan-on", conditional(from_minute=1)),
    (
        "error", "cell.condition", "hf", "fan-on",
        matrix([cause()], [effect()], [cell(condition=Condition(from_minute=1, to_minute=1441))]),
    ),
    (
        "error", "cell.condition", "hf", "fan-on",
        matrix([cause()], [effect()], [cell(condition=Condition(from_minute=1, to_minute=1))]),
    ),
    ("error", "cell.condition", "hf", "fan-on", conditional(weekdays=(8,))),
    ("error", "cell.with_cause", "hf", "fan-on", conditional(with_cause="hf")),
    ("error", "cell.with_cause", "hf", "fan-on", conditional(with_cause="x")),
    (
        "error", "cell.conflict", "hf", "off",
        matrix([cause()], [effect(), effect("off", actuator=FAN, action="stop")], [cell(), cell(column="off")]),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("severity", "code", "row", "column", "body"), WRONG, ids=[w[1] for w in WRONG])
def test_what_is_wrong_is_named_by_row_and_column(
    severity: str, code: str, row: str | None, column: str | None, body: MatrixBody
) -> None:
    found = [f for f in check(body, PLANT) if f.code == code]
    assert [(f.severity, f.row, f.column) for f in found] == [(severity, row, column)]
    assert has_errors(found) == (severity == "error")
    assert found[0].text.zh != found[0].text.en


def test_what_is_no_conflict_and_no_fault() -> None:
    machine = effect("saw-off", actuator=SAW, action="stop")
    kept = effect("off", actuator=FAN, action="stop")
    body = matrix(
        [cause(), cause("b", agent="acetone", level=2)],
        [effect(), machine, kept, LEAVE],
        [
            cell(condition=Condition(from_minute=1, to_minute=1440, with_cause="b")),
            cell(column="off", how="inhibit"),
            cell(column="saw-off"),
            cell("b", "saw-off"),
            cell(column="leave"),
        ],
    )
    assert [f.code for f in check(body, PLANT)] == ["effect.lets_go"]
    assert check(matrix([cause("b", vote=VOTE)], [effect(plan="toxic-gas")], [cell("b")]), PLANT) == []


def _said(found: list[Finding]) -> list[str]:
    return [f.code for f in found]


def test_a_cause_that_is_not_there_is_no_grave_poison() -> None:
    assert "cause.no_evacuation" not in _said(check(matrix([cause(rule=VOTE)], [effect()], [cell()]), PLANT))


def test_a_diff_names_rows_columns_and_cells_in_both_languages() -> None:
    after = matrix(
        [cause(agent="chlorine"), cause("b")],
        [effect()],
        [cell(delay_s=5, how="latch"), cell("b", condition=Condition(weekdays=(1,)))],
    )
    changes = diff(SOUND, after)
    assert [(c.kind, c.what, c.row, c.column) for c in changes] == [
        ("changed", "cause", "hf", None),
        ("added", "cause", "b", None),
        ("removed", "effect", None, "leave"),
        ("changed", "cell", "hf", "fan-on"),
        ("added", "cell", "b", "fan-on"),
        ("removed", "cell", "hf", "leave"),
    ]
    assert changes[3].text == Text(
        "修改单元格 hf × fan-on：跟随→锁存，延时 5 秒", "cell hf x fan-on changed: follows -> latches after 5 s"
    )
    assert changes[4].text.en == "cell b x fan-on added: none -> follows, on a condition"
    assert changes[0].text == Text("修改原因 hf（名）", "cause hf (name) changed")
    assert changes[2].text.en == "effect leave (name) removed"
    assert (changes[0].before or {})["rule"] == str(RULE)
    assert changes[1].before is None
    assert diff(after, after) == []
