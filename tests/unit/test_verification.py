"""Chains made and then damaged: the position named is the first that does not follow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit import AuditRow
from core.ids import new_id
from incidents.incident import TimelineEntry
from incidents.record.anchors import Head
from incidents.record.verification import (
    Break,
    Walk,
    audit_digest,
    follow,
    judge_anchors,
    judge_end,
    timeline_digest,
)

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TENANT, INCIDENT = new_id(), new_id()


def chain(length: int) -> list[TimelineEntry]:
    """A whole timeline."""
    made: list[TimelineEntry] = []
    previous = ""
    for position in range(1, length + 1):
        at = START + timedelta(seconds=position)
        entry = TimelineEntry(TENANT, INCIDENT, position, at, None, "alarm.raised", {"n": position}, "")
        previous = timeline_digest(previous, position, entry)
        made.append(msgspec.structs.replace(entry, hash=previous))
    return made


def walk(lines: list[TimelineEntry]) -> Walk:
    """Followed from its beginning."""
    return follow(Walk(), lines, timeline_digest)


def head(lines: list[TimelineEntry]) -> Head:
    """Where these lines end."""
    return Head(lines[-1].position, lines[-1].hash)


def test_a_whole_chain_is_followed_to_its_end_in_slices_of_any_size() -> None:
    lines = chain(7)
    ended = walk(lines)
    assert (ended.position, ended.hash, ended.broken) == (7, lines[-1].hash, None)
    assert follow(walk(lines[:3]), lines[3:], timeline_digest) == ended
    assert judge_end(ended, head(lines), head(lines)) is None


@given(st.integers(1, 9), st.data())
def test_a_changed_line_is_named(length: int, data: st.DataObject) -> None:
    lines = chain(length)
    place = data.draw(st.integers(0, length - 1))
    lines[place] = msgspec.structs.replace(lines[place], facts={"n": -1})
    assert walk(lines).broken == Break(place + 1, "changed")


@given(st.integers(2, 9), st.data())
def test_a_line_removed_before_the_tail_is_named(length: int, data: st.DataObject) -> None:
    lines = chain(length)
    place = data.draw(st.integers(0, length - 2))
    del lines[place]
    assert walk(lines).broken == Break(place + 1, "missing")


@given(st.integers(2, 9), st.data())
def test_two_lines_that_changed_places_are_named_at_the_first(length: int, data: st.DataObject) -> None:
    lines = chain(length)
    first = data.draw(st.integers(0, length - 2))
    second = data.draw(st.integers(first + 1, length - 1))
    one, other = lines[first], lines[second]
    lines[first] = msgspec.structs.replace(other, position=one.position)
    lines[second] = msgspec.structs.replace(one, position=other.position)
    assert walk(lines).broken == Break(first + 1, "changed")


@given(st.integers(1, 9), st.data())
def test_a_line_put_in_is_named_where_the_old_chain_goes_on_though_its_own_hash_is_right(
    length: int, data: st.DataObject
) -> None:
    lines = chain(length)
    place = data.draw(st.integers(1, length))
    before, after = lines[:place], lines[place:]
    forged = msgspec.structs.replace(before[-1], position=place + 1, facts={"forged": True})
    forged = msgspec.structs.replace(forged, hash=timeline_digest(before[-1].hash, place + 1, forged))
    moved = [msgspec.structs.replace(line, position=line.position + 1) for line in after]
    seen = walk([*before, forged, *moved])
    if after:
        assert seen.broken == Break(place + 2, "changed")
    else:
        assert seen.broken is None
        assert judge_end(seen, head(lines), head(lines)) == Break(place + 1, "extra")


def test_the_same_position_twice_is_extra() -> None:
    lines = chain(3)
    assert walk([lines[0], lines[0]]).broken == Break(2, "extra")


@pytest.mark.parametrize("left", [0, 1, 4])
def test_a_removed_tail_is_missed_by_the_head(left: int) -> None:
    lines = chain(5)
    assert judge_end(walk(lines[:left]), head(lines), head(lines)) == Break(left + 1, "missing")


def test_lines_without_a_head_are_extra_and_nothing_at_all_is_whole() -> None:
    lines = chain(2)
    assert judge_end(walk(lines), None, None) == Break(1, "extra")
    assert judge_end(Walk(), None, None) is None


def test_lines_added_while_it_was_followed_are_no_damage() -> None:
    lines = chain(5)
    assert judge_end(walk(lines[:4]), head(lines[:3]), head(lines)) is None
    assert judge_end(walk(lines[:3]), None, head(lines)) is None


def test_a_chain_written_anew_does_not_meet_an_old_head() -> None:
    lines, other = chain(3), chain(3)
    other[0] = msgspec.structs.replace(other[0], hash="f" * 64)
    assert judge_end(walk(lines), Head(3, "f" * 64), Head(3, "f" * 64)) == Break(3, "changed")
    assert judge_end(walk(other), head(lines), head(lines)) == Break(1, "changed")


def test_the_first_anchor_that_is_not_met_is_named() -> None:
    assert judge_anchors({3: "a", 9: "b"}, {3: "a", 9: "b"}) is None
    assert judge_anchors({9: "b", 3: "a"}, {3: "a"}) == Break(9, "missing")
    assert judge_anchors({9: "b", 3: "a"}, {3: "x", 9: "y"}) == Break(3, "changed")


def test_the_audit_chain_is_followed_by_its_own_digest() -> None:
    row = AuditRow(TENANT, new_id(), 1, START, None, "site.created", "site", "1", {}, "")
    row = msgspec.structs.replace(row, hash=audit_digest("", 1, row))
    assert follow(Walk(), [row], audit_digest) == Walk(1, row.hash)
    changed = msgspec.structs.replace(row, action="site.edited")
    assert follow(Walk(), [changed], audit_digest).broken == Break(1, "changed")
