"""Which plan answers: by trigger, priority and how much it knows; always one, and always the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.alarms.agents import AGENTS, hazard_of
from incidents.plans.choosing import choose, fits
from incidents.plans.model import Moment, PlanTemplate, Trigger
from incidents.plans.plan_library import TEMPLATES
from tests.unit.plan_words import moment, plan


@pytest.mark.parametrize(
    ("trigger", "at", "expected"),
    [
        (Trigger(), moment(), True),
        (Trigger(), moment(cause="stale"), False),
        (Trigger(alarms=("stale",)), moment(cause="stale"), True),
        (Trigger(agents=("hydrogen",)), moment(), False),
        (Trigger(agents=("acetone",), zones=("store",)), moment(), True),
        (Trigger(agents=("acetone",), zones=("hall",)), moment(), False),
        (Trigger(hazards=("toxic",)), moment(), False),
        (Trigger(from_level=2), moment(), False),
        (Trigger(group="vote-1"), moment(), False),
        (Trigger(group="vote-1"), moment(group="vote-1"), True),
        (Trigger(manual=True), moment(), False),
        (Trigger(manual=True), moment(cause="manual"), True),
        (Trigger(manual=True, hazards=("flammable",)), moment(), True),
        (Trigger(sos=True), moment(cause="manual"), False),
        (Trigger(sos=True), moment(cause="sos", agent=None, hazard=None), True),
    ],
)
def test_a_trigger_fits_when_everything_it_names_is_so(trigger: Trigger, at: Moment, expected: bool) -> None:
    assert fits(trigger, at) is expected


WIDE = plan("a-wide", triggers=(Trigger(hazards=("flammable",)),))
NARROW = plan("b-narrow", triggers=(Trigger(agents=("acetone",)),))
HERE = plan("c-here", triggers=(Trigger(agents=("acetone",), zones=("store",)),))
FIRST = plan("d-first", priority=5, triggers=(Trigger(),))


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        ([WIDE, NARROW], NARROW),
        ([WIDE, NARROW, HERE], HERE),
        ([WIDE, NARROW, HERE, FIRST], FIRST),
        ([WIDE, plan("e-wide", triggers=WIDE.triggers)], WIDE),
    ],
)
def test_priority_goes_before_what_is_specific_and_that_before_the_name(
    plans: list[PlanTemplate], expected: PlanTemplate
) -> None:
    assert choose(plans, TEMPLATES, moment()) is expected
    assert choose(plans[::-1], TEMPLATES, moment()) is expected


@pytest.mark.parametrize(
    ("at", "slug"),
    [
        (moment(), "solvent-leak"),
        (moment(agent="hydrogen"), "hydrogen"),
        (moment(agent="hydrogen-fluoride", hazard="toxic"), "hydrogen-fluoride"),
        (moment(agent="chlorine", hazard="toxic"), "toxic-gas"),
        (moment(agent="oxygen", hazard="asphyxiant", cause="low"), "oxygen"),
        (moment(agent="smoke", hazard=None), "fire"),
        (moment(agent="mains-power", hazard=None), "power-loss"),
        (moment(agent="vibration", hazard="machine"), "machine-vibration"),
        (moment(agent="particles", hazard="particles"), "particles"),
        (moment(agent="unobtainium", hazard=None), "toxic-gas"),
        (moment(agent=None, hazard=None), "toxic-gas"),
        (moment(cause="stale"), "no-data"),
        (moment(cause="no_effect", agent=None, hazard=None), "no-effect"),
        (moment(cause="sos", agent=None, hazard=None), "sos"),
    ],
)
def test_the_library_answers_everything(at: Moment, slug: str) -> None:
    assert choose(TEMPLATES.values(), TEMPLATES, at).slug == slug


@given(
    st.lists(st.sampled_from([WIDE, NARROW, HERE, FIRST, *TEMPLATES.values()]), unique_by=lambda p: p.slug),
    st.sampled_from([*AGENTS, "unobtainium", None]),
    st.sampled_from(["high", "low", "stale", "no_effect", "manual", "sos"]),
    st.sampled_from([1, 2]),
    st.randoms(),
)
def test_there_is_always_a_plan_and_the_order_does_not_matter(
    plans: list[PlanTemplate], agent: str | None, cause: str, level: int, random: object
) -> None:
    at = moment(agent=agent, hazard=hazard_of(agent), cause=cause, level=level)
    chosen = choose(plans, TEMPLATES, at)
    random.shuffle(plans)  # type: ignore[attr-defined]
    assert choose(plans, TEMPLATES, at) is chosen
    assert chosen.tasks
