"""Rotas through their edits: what was answered about the past stays, and each moment has its own version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from mobile_contract.rotas import Layer, RotaDefinition
from people.rotas import history, on_call
from people.rotas.history import Era
from people.rotas.on_call import BEGINNING, END, Change, Reason, ready
from tests.unit.test_on_call import ZONES, A, B, C, changes, layer, layers, moments, utc

LAYERS = st.lists(layers(), min_size=1, max_size=2)
MORNING = utc("2026-03-02T08:00")


def of(*versions: tuple[datetime, Layer | None], changes: tuple[Change, ...] = ()) -> tuple[Era, ...]:
    """A rota in UTC that said these layers from when; None: retired."""
    return history.history(
        [(begin, None if it is None else ready("UTC", RotaDefinition([it]), changes=changes)) for begin, it in versions]
    )


def who(eras: tuple[Era, ...], moment: datetime) -> list[UUID | None]:
    """Who stands at each position."""
    return [told.stint.account_id for told in history.at(eras, moment)]


def days(eras: tuple[Era, ...], start: str, end: str) -> list[tuple[UUID | None, str, str]]:
    """The period as person, from, until."""
    told = [it.stint for it in history.timeline(eras, utc(start), utc(end))]
    return [(it.account_id, it.starts_at.strftime("%dT%H:%M"), it.ends_at.strftime("%dT%H:%M")) for it in told]


@given(
    tz=st.sampled_from(ZONES), before=LAYERS, after=LAYERS, edit=moments(), minutes=st.integers(-9000, 9000),
    data=st.data(),
)  # fmt: skip
def test_an_edit_changes_no_answer_before_it_and_all_after_it(
    tz: str, before: list[Layer], after: list[Layer], edit: datetime, minutes: int, data: st.DataObject
) -> None:
    made = data.draw(changes(edit))
    old, new = (ready(tz, RotaDefinition(found), changes=made) for found in (before, after))
    eras = history.history([(edit - timedelta(days=400), old), (edit, new)])
    moment = edit + timedelta(minutes=minutes)
    said = on_call.at(old if moment < edit else new, moment)
    told = [it.stint for it in history.at(eras, moment)]
    assert [(it.position, it.account_id, it.reason) for it in told] == [
        (it.position, it.account_id, it.reason) for it in said
    ]
    for it, was in zip(told, said, strict=True):
        assert it.starts_at <= moment < it.ends_at
        if moment < edit:
            assert it.starts_at == was.starts_at
            assert it.ends_at == was.ends_at or it.ends_at >= edit
        else:
            assert it.ends_at == was.ends_at
            assert it.starts_at == was.starts_at or it.starts_at <= edit
    alone = history.history([(edit, old)])
    start = edit - timedelta(days=9)
    assert history.timeline(eras, start, edit) == history.timeline(alone, start, edit)


@given(tz=st.sampled_from(ZONES), found=st.lists(LAYERS, min_size=1, max_size=4), moment=moments(), data=st.data())
@settings(max_examples=50)
def test_the_answer_at_a_moment_is_the_one_of_the_period_around_it(
    tz: str, found: list[list[Layer]], moment: datetime, data: st.DataObject
) -> None:
    """Through any edits, retirements among them."""
    made = data.draw(changes(moment))
    edits = sorted(moment + timedelta(minutes=data.draw(st.integers(-6000, 6000))) for _ in found)
    rosters = [None if data.draw(st.booleans()) else ready(tz, RotaDefinition(it), changes=made) for it in found]
    eras = history.history(list(zip(edits, rosters, strict=True)))
    start, end = moment - timedelta(days=9), moment + timedelta(days=9)
    period = history.timeline(eras, start, end)
    for one, other in pairwise(period):
        assert one.stint.position < other.stint.position or one.stint.ends_at <= other.stint.starts_at
        assert not on_call.continues(one.stint, other.stint)
    for told in history.at(eras, moment):
        cut = (max(told.stint.starts_at, start), min(told.stint.ends_at, end))
        (same,) = [
            it.stint
            for it in period
            if it.stint.position == told.stint.position and it.stint.starts_at <= moment < it.stint.ends_at
        ]
        assert (same.account_id, same.reason, (same.starts_at, same.ends_at)) == (
            told.stint.account_id,
            told.stint.reason,
            cut,
        )


@given(tz=st.sampled_from(ZONES), found=LAYERS, moment=moments(), minutes=st.integers(-6000, 6000))
@settings(max_examples=50)
def test_an_edit_that_changes_nothing_is_not_seen(tz: str, found: list[Layer], moment: datetime, minutes: int) -> None:
    roster = ready(tz, RotaDefinition(found))
    edit = moment + timedelta(minutes=minutes)
    eras = history.history([(BEGINNING, roster), (edit, roster)])
    assert [it.stint for it in history.at(eras, moment)] == on_call.at(roster, moment)
    start, end = moment - timedelta(days=9), moment + timedelta(days=9)
    assert [it.stint for it in history.timeline(eras, start, end)] == on_call.timeline(roster, start, end)


def test_a_period_over_an_edit_is_told_piece_by_piece() -> None:
    eras = of((utc("2026-03-01T00:00"), layer(A)), (utc("2026-03-02T12:00"), layer(B, handover="10:00")))
    assert days(eras, "2026-03-01T12:00", "2026-03-03T12:00") == [
        (A, "01T12:00", "02T08:00"),
        (A, "02T08:00", "02T12:00"),
        (B, "02T12:00", "03T10:00"),
        (B, "03T10:00", "03T12:00"),
    ]
    (told,) = history.at(eras, utc("2026-03-02T09:00"))
    assert (told.stint.starts_at, told.stint.ends_at) == (MORNING, utc("2026-03-02T12:00"))
    (told,) = history.at(eras, utc("2026-03-02T12:00"))
    assert (told.stint.starts_at, told.stint.ends_at) == (utc("2026-03-02T12:00"), utc("2026-03-03T10:00"))


def test_the_first_version_counts_for_the_time_before_it_was_entered() -> None:
    eras = of((utc("2026-03-01T00:00"), layer(A)), (utc("2026-03-02T12:00"), layer(B)))
    assert who(eras, utc("2025-01-01T00:00")) == [A]
    assert (eras[0].starts_at, eras[-1].ends_at) == (BEGINNING, END)


def test_a_version_that_was_replaced_at_once_was_never_in_force() -> None:
    eras = of((MORNING, layer(A)), (utc("2026-03-02T12:00"), layer(B)), (utc("2026-03-02T12:00"), layer(C)))
    assert len(eras) == 2
    assert days(eras, "2026-03-02T08:00", "2026-03-03T08:00") == [
        (A, "02T08:00", "02T12:00"),
        (C, "02T12:00", "03T08:00"),
    ]


def test_nobody_is_on_duty_while_a_rota_is_retired_and_before_it_is_who_it_was() -> None:
    noon, evening = utc("2026-03-02T12:00"), utc("2026-03-02T18:00")
    eras = of((MORNING, layer(A)), (noon, None), (evening, layer(A)))
    assert [who(eras, moment) for moment in (MORNING, noon, evening)] == [[A], [], [A]]
    assert days(eras, "2026-03-02T08:00", "2026-03-03T08:00") == [
        (A, "02T08:00", "02T12:00"),
        (A, "02T18:00", "03T08:00"),
    ]
    (told,) = history.at(eras, MORNING)
    assert told.stint.ends_at == noon


def test_a_position_that_an_edit_takes_away_ends_there() -> None:
    noon = utc("2026-03-02T12:00")
    eras = of((MORNING, layer([A, B])), (noon, layer([A])), (utc("2026-03-02T18:00"), layer([A, B])))
    assert [who(eras, MORNING), who(eras, noon)] == [[A, B], [A]]
    first, second = (it.stint for it in history.at(eras, MORNING))
    assert (first.ends_at, second.ends_at) == (utc("2026-03-03T08:00"), noon)


def test_an_override_counts_in_every_version() -> None:
    change = Change(UUID(int=9), MORNING, utc("2026-03-02T18:00"), added=C, position=0)
    eras = of((MORNING, layer(A)), (utc("2026-03-02T12:00"), layer(A, handover="08:00")), changes=(change,))
    assert days(eras, "2026-03-02T08:00", "2026-03-03T08:00") == [
        (C, "02T08:00", "02T18:00"),
        (A, "02T18:00", "03T08:00"),
    ]


def test_a_gap_through_an_edit_is_followed_for_a_month() -> None:
    ended = layer(A, ends_on=utc("2025-06-01T00:00").date())
    eras = of((MORNING, ended), (MORNING + timedelta(days=20), ended))
    (told,) = history.at(eras, MORNING + timedelta(days=19))
    assert told.stint.reason == Reason("nobody", off=((0, "ended"),))
    assert told.stint.starts_at == MORNING - timedelta(days=12)
    assert told.stint.ends_at == MORNING + timedelta(days=50)


def test_a_period_of_too_many_duties_is_refused_over_all_its_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "STINTS_MAX", 3)
    eras = of((MORNING, layer(A, B)), (utc("2026-03-03T12:00"), layer(B, C)))
    end = datetime(2026, 3, 6, tzinfo=UTC)
    with pytest.raises(Invalid, match="more than"):
        history.timeline(eras, MORNING, end)
