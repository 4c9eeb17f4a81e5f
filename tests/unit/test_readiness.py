"""Whether a phone will ring: each thing that may keep it silent has a name and says what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from core.ids import new_id
from people.reach.model import PhoneFacts
from people.reach.readiness import problems_of, problems_of_person

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
READY = PhoneFacts(
    account_id=new_id(),
    device_id=new_id(),
    label="phone",
    platform="ios",
    push_token_state="active",
    push_token_at=NOW - timedelta(days=2),
    last_seen_at=NOW - timedelta(hours=1),
    reported_at=NOW - timedelta(hours=1),
    notifications="granted",
    critical_alerts="granted",
    battery="unrestricted",
    battery_level=80,
    tested_at=NOW - timedelta(days=3),
    test_received_at=NOW - timedelta(days=3),
)


def test_a_phone_that_is_ready_has_no_problem() -> None:
    assert problems_of(READY, NOW) == []


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        ({"push_token_state": "none"}, "no_push_address", "blocks"),
        ({"push_token_state": "retired"}, "no_push_address", "blocks"),
        ({"push_token_at": NOW - timedelta(days=31)}, "push_address_old", "risks"),
        ({"notifications": "denied"}, "notifications_off", "blocks"),
        ({"notifications": "not_asked"}, "notifications_off", "blocks"),
        ({"critical_alerts": "denied"}, "critical_alerts_off", "risks"),
        ({"battery": "restricted"}, "battery_restricted", "blocks"),
        ({"battery": "optimised"}, "battery_optimised", "risks"),
        ({"battery_level": 19}, "battery_low", "risks"),
        ({"last_seen_at": NOW - timedelta(days=4)}, "silent", "risks"),
        ({"reported_at": None}, "not_reported", "risks"),
        ({"reported_at": NOW - timedelta(days=8)}, "not_reported", "risks"),
        ({"tested_at": None, "test_received_at": None}, "not_tested", "risks"),
        ({"tested_at": NOW - timedelta(days=32)}, "not_tested", "risks"),
        ({"test_received_at": None}, "test_not_received", "risks"),
    ],
)
def test_one_fault_is_one_problem(change: dict[str, Any], code: str, severity: str) -> None:
    [problem] = problems_of(replace(READY, **change), NOW)
    assert (problem.code, problem.severity) == (code, severity)
    assert problem.text.zh
    assert problem.text.en


@pytest.mark.parametrize(
    "change",
    [{"push_token_at": None}, {"critical_alerts": "not_supported"}, {"battery": "unknown"}, {"battery_level": None}],
)
def test_what_is_not_known_or_not_there_is_no_fault_of_the_phone(change: dict[str, Any]) -> None:
    assert problems_of(replace(READY, **change), NOW) == []


def test_what_keeps_it_silent_is_named_before_what_may() -> None:
    phone = replace(READY, battery_level=5, notifications="denied")
    assert [p.code for p in problems_of(phone, NOW)] == ["notifications_off", "battery_low"]


def test_a_person_is_as_ready_as_their_best_phone() -> None:
    dead, low = replace(READY, push_token_state="none"), replace(READY, battery_level=5)
    assert [p.code for p in problems_of_person([dead, low], NOW)] == ["battery_low"]
    assert [p.code for p in problems_of_person([], NOW)] == ["no_phone"]
