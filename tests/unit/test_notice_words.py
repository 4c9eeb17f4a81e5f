"""Notices in words, and when they may disturb."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mobile_contract.text import Text
from people.notices.keeping import (
    LOOK_AGAIN,
    LOOK_SOON,
    SHIFT_WITHIN,
    WAITS_FOR_SHIFT,
    kept_until,
    next_shift,
    quiet_until,
)
from people.notices.model import (
    KINDS,
    CalibrationDue,
    CommTestFailed,
    Draft,
    EquipmentExpiring,
    ExposureExceeded,
    Facts,
    PhoneNotReady,
    QualificationExpired,
    QualificationExpiring,
    SensorDue,
    SwapDecided,
    SwapProposed,
    ThingDue,
)
from people.notices.wording import text_of, title_of
from people.reach.model import QuietTime
from people.reach.times import is_quiet
from realtime.channels import Notice, Target
from realtime.notice_text import lock_screen
from realtime.push_message import build_message
from realtime.web_push_message import build_headers

NO_ID = UUID(int=0)
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
LATER = AT + timedelta(hours=8)
SHANGHAI = "Asia/Shanghai"
CO, HALL = Text("一氧化碳", "carbon monoxide"), Text("一号厂房", "Plant 1")
SENSOR = Text("丙酮 1", "Acetone 1")
MASK = Text("呼吸器", "Breathing set")
FIRST_AID = Text("急救", "First aid")

DECIDED: list[tuple[Literal["accepted", "declined", "withdrawn"], str, str]] = [
    ("accepted", "同意了换班", "accepted the swap"),
    ("declined", "拒绝了换班", "declined the swap"),
    ("withdrawn", "撤回了换班申请", "took the swap back"),
]
CASES: list[tuple[Facts, Text, Text]] = [
    (
        SwapProposed("Li", AT, LATER, SHANGHAI, in_return=False),
        Text("Li 申请与您换班", "Li asks you for a swap"),
        Text(
            "班次 2026-03-02 16:00 – 2026-03-03 00:00。请答复。",
            "The duty of 2026-03-02 16:00 – 2026-03-03 00:00. Answer it before it begins.",
        ),
    ),
    (
        SwapProposed("Li", AT, LATER, "UTC", in_return=True),
        Text("Li 申请与您换班", "Li asks you for a swap"),
        Text(
            "班次 2026-03-02 08:00 – 16:00，并愿意值您的一个班。请答复。",
            "The duty of 2026-03-02 08:00 – 16:00, and offers to take one of yours. Answer it before it begins.",
        ),
    ),
    *[
        (
            SwapDecided("Li", state, AT, LATER, "UTC"),
            Text(f"Li {zh}", f"Li {en}"),
            Text("班次 2026-03-02 08:00 – 16:00。", "The duty of 2026-03-02 08:00 – 16:00."),
        )
        for state, zh, en in DECIDED
    ],
    (
        ExposureExceeded(None, "stel", CO, 133, HALL, AT, SHANGHAI),
        Text("您 的接触量超过限值", "Your exposure is over the limit"),
        Text(
            "一氧化碳：15 分钟短时限值的 133 %，一号厂房，2026-03-02 16:00。请离开该区域。",
            "carbon monoxide: 133 % of the 15-minute limit (STEL), Plant 1, 2026-03-02 16:00. Leave the area.",
        ),
    ),
    (
        ExposureExceeded("Wang", "twa", CO, 101, HALL, AT, "UTC"),
        Text("Wang 的接触量超过限值", "Wang's exposure is over the limit"),
        Text(
            "一氧化碳：8 小时加权平均限值的 101 %，一号厂房，2026-03-02 08:00。",
            "carbon monoxide: 101 % of the 8-hour limit (TWA), Plant 1, 2026-03-02 08:00.",
        ),
    ),
    (
        CalibrationDue(HALL, [SensorDue(SENSOR, 1)]),
        Text("一号厂房：1 个传感器需要校准", "Plant 1: 1 sensor to calibrate"),
        Text("丙酮 1 还有 1 天。", "Acetone 1 in 1 day."),
    ),
    (
        CalibrationDue(HALL, [SensorDue(SENSOR, -3), SensorDue(SENSOR, 30)], more=4),
        Text("一号厂房：6 个传感器需要校准", "Plant 1: 6 sensors to calibrate"),
        Text(
            "丙酮 1 已过期 3 天；丙酮 1 还有 30 天；另有 4 个。",
            "Acetone 1 3 days overdue; Acetone 1 in 30 days; and 4 more.",
        ),
    ),
    (
        QualificationExpiring(None, FIRST_AID, date(2026, 4, 1)),
        Text("您 的资质即将到期：急救", "Your qualification ends soon: First aid"),
        Text("有效期至 2026-04-01。请及时复审。", "It counts until 2026-04-01. Renew it in time."),
    ),
    (
        QualificationExpired("Wang", FIRST_AID, date(2026, 4, 1)),
        Text("Wang 的资质已到期：急救", "Wang's qualification has ended: First aid"),
        Text("已于 2026-04-01 到期，不再计入。", "It ended on 2026-04-01 and counts no more."),
    ),
    (
        PhoneNotReady(Text("夜班", "Night"), AT, "UTC", [Text("没有手机", "No phone"), Text("没电", "No power")]),
        Text("当班前您的手机可能不会响", "Your phone will not ring on your next duty"),
        Text(
            "“夜班”2026-03-02 08:00 开始。没有手机；没电。",
            "“Night” begins 2026-03-02 08:00. No phone; No power.",
        ),
    ),
    (
        CommTestFailed(40, 3, 2, AT, "UTC"),
        Text("通信测试：40 人中 5 人未确认收到", "Test of communications: 5 of 40 not reached"),
        Text(
            "2026-03-02 08:00 的测试：3 人没有送达，2 人仅有服务商回执。",
            "The test of 2026-03-02 08:00: 3 without any message, 2 by a service's word alone.",
        ),
    ),
    (
        EquipmentExpiring(HALL, 30, [ThingDue(MASK, 1)]),
        Text("一号厂房：1 件器材在 30 天内到期", "Plant 1: 1 thing expires within 30 days"),
        Text("呼吸器 还有 1 天。请更换或停用。", "Breathing set in 1 day. Replace or retire them."),
    ),
    (
        EquipmentExpiring(HALL, 30, [ThingDue(MASK, -3), ThingDue(MASK, 30)], more=4),
        Text("一号厂房：6 件器材在 30 天内到期", "Plant 1: 6 things expire within 30 days"),
        Text(
            "呼吸器 已到期 3 天；呼吸器 还有 30 天；另有 4 件。请更换或停用。",
            "Breathing set expired 3 days ago; Breathing set in 30 days; and 4 more. Replace or retire them.",
        ),
    ),
]


@pytest.mark.parametrize(("facts", "title", "text"), CASES)
def test_a_notice_says_its_facts_in_both_languages(facts: Facts, title: Text, text: Text) -> None:
    assert title_of(facts) == title
    assert text_of(facts) == text


def test_every_kind_has_words() -> None:
    assert {Draft(NO_ID, facts, "k").kind for facts, _, _ in CASES} == set(KINDS)


# --- when it may disturb


def nightly(start: time, end: time, tz: str = SHANGHAI) -> QuietTime:
    return QuietTime(NO_ID, NO_ID, NO_ID, start, end, tz, None, None, "", AT)


def once(start: datetime, end: datetime) -> QuietTime:
    return QuietTime(NO_ID, NO_ID, NO_ID, None, None, None, start, end, "", AT)


def test_what_is_urgent_is_never_kept() -> None:
    asleep = [once(AT, LATER)]
    assert kept_until("exposure.exceeded", urgent=True, quiet=asleep, shifts=[], now=AT) is None
    assert kept_until("exposure.exceeded", urgent=False, quiet=asleep, shifts=[], now=AT) == AT + LOOK_AGAIN


def test_a_quiet_time_keeps_to_its_end_and_no_longer() -> None:
    end = AT + timedelta(minutes=20)
    asleep = [once(AT, end), once(LATER, LATER + timedelta(hours=1))]
    assert kept_until("swap.proposed", urgent=False, quiet=asleep, shifts=[], now=AT) == end
    assert kept_until("swap.proposed", urgent=False, quiet=asleep, shifts=[], now=end) is None


@pytest.mark.parametrize(
    ("now", "end"),
    [
        # 23:30 and 05:30 in Shanghai; the night ends at six.
        (datetime(2026, 3, 2, 15, 30, tzinfo=UTC), datetime(2026, 3, 2, 22, 0, tzinfo=UTC)),
        (datetime(2026, 3, 2, 21, 30, tzinfo=UTC), datetime(2026, 3, 2, 22, 0, tzinfo=UTC)),
    ],
)
def test_a_night_ends_on_its_own_clock(now: datetime, end: datetime) -> None:
    night = nightly(time(22), time(6))
    assert is_quiet(night, now)
    assert quiet_until(night, now) == end


def test_the_hour_that_comes_twice_is_looked_at_again_soon_and_not_at_once() -> None:
    # Berlin, 25 October 2026: 02:00-03:00 comes twice. 02:30 for the second time, quiet until 02:45.
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    quiet = nightly(time(2), time(2, 45), "Europe/Berlin")
    assert is_quiet(quiet, second)
    assert quiet_until(quiet, second) < second
    assert kept_until("swap.proposed", urgent=False, quiet=[quiet], shifts=[], now=second) == second + LOOK_SOON


@given(
    start=st.times(),
    end=st.times(),
    minutes=st.integers(0, 400 * 24 * 60),
    tz=st.sampled_from([SHANGHAI, "Europe/Berlin"]),
)
def test_what_is_kept_is_looked_at_again_within_the_hour(start: time, end: time, minutes: int, tz: str) -> None:
    now = AT + timedelta(minutes=minutes)
    quiet = nightly(start, end, tz)
    later = kept_until("swap.decided", urgent=False, quiet=[quiet], shifts=[], now=now)
    assert (later is not None) == is_quiet(quiet, now)
    assert later is None or now < later <= now + LOOK_AGAIN


def test_work_waits_for_the_shift_and_what_is_about_a_duty_does_not() -> None:
    begins = AT + timedelta(minutes=30)
    shifts = [(begins, LATER), (LATER, LATER + timedelta(hours=8))]
    for kind in KINDS:
        kept = kept_until(kind, urgent=False, quiet=[], shifts=shifts, now=AT)
        assert kept == (begins if kind in WAITS_FOR_SHIFT else None)
    assert {"swap.proposed", "swap.decided", "phone.not_ready", "exposure.exceeded"}.isdisjoint(WAITS_FOR_SHIFT)


def test_who_is_on_duty_or_has_none_soon_waits_for_no_shift() -> None:
    assert next_shift([(AT, LATER), (LATER, LATER + timedelta(hours=1))], AT) is None
    assert next_shift([], AT) is None
    assert next_shift([(AT + SHIFT_WITHIN + timedelta(seconds=1), LATER + SHIFT_WITHIN)], AT) is None
    assert next_shift([(LATER, LATER + timedelta(hours=8))], AT) == LATER


# --- on the lock screen


def push(*, quiet: bool = True) -> Notice:
    return Notice(
        type="notice",
        delivery=NO_ID,
        key=NO_ID.hex,
        task=NO_ID,
        incident=NO_ID,
        room=NO_ID,
        grade=4,
        exercise=False,
        title=Text("您的接触量超过限值", "Your exposure is over the limit"),
        place=Text("请离开该区域", "Leave the area"),
        sent_at_ms=0,
        quiet=quiet,
    )


def test_the_lock_screen_says_that_there_is_a_notice_and_nothing_else() -> None:
    assert lock_screen(push(), "en", details=False) == ("Notice", "")
    assert lock_screen(push(), "zh-CN", details=False) == ("通知", "")
    assert lock_screen(replace(push(), type="check_in"), "en", details=True)[0] == "Check in"
    assert lock_screen(push(), "en", details=True) == ("Notice · Your exposure is over the limit", "Leave the area")


def test_a_notice_does_not_ring_as_an_order_does() -> None:
    quiet, urgent = (build_message(push(quiet=it), Target(NO_ID, "a"), details=False) for it in (True, False))
    assert (quiet.android.priority, quiet.android.notification.channel_id) == ("normal", "notices")
    assert (urgent.android.priority, urgent.android.notification.channel_id) == ("high", "orders")
    assert quiet.apns.headers["apns-priority"] == "5"
    assert quiet.apns.payload.aps.sound is None
    assert [build_headers(push(quiet=it))["Urgency"] for it in (True, False)] == ["normal", "high"]
    assert [build_headers(push(quiet=it))["TTL"] for it in (True, False)] == ["86400", "600"]
