"""Whether a phone will ring when it must, said before the shift. Pure.

A phone that is not ready is a fact about people, not about computers: each problem says what its owner can do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from mobile_contract.text import Text
from people.reach.model import PhoneFacts

# Firebase calls a registration token stale when its app was not in touch for a month, and lets it expire after 270 days
# (firebase.google.com, "Best practices for FCM registration token management").
TOKEN_STALE = timedelta(days=30)
# A phone in use speaks to us every day: opening the app, renewing its sign-in. Three days cover a weekend and a day.
SILENT = timedelta(days=3)
# Permissions are changed by system updates and by people: what was said longer ago than a week is not known any more.
REPORT_OLD = timedelta(days=7)
# A monthly test, as for other emergency equipment (GB 25506 asks for monthly tests of alarm devices).
TEST_OLD = timedelta(days=31)
# Below this a phone may not last a shift of eight hours.
BATTERY_LOW_PERCENT = 20

Severity = Literal["blocks", "risks"]


class Problem(msgspec.Struct, frozen=True):
    """Why a phone may stay silent. ``blocks``: it will not ring; ``risks``: it may not."""

    code: str
    severity: Severity
    text: Text


def problems_of(phone: PhoneFacts, now: datetime) -> list[Problem]:
    """What is wrong with one phone, gravest first."""
    found = [*_address(phone, now), *_settings(phone), *_power(phone), *_age(phone, now), *_test(phone, now)]
    return sorted(found, key=lambda problem: problem.severity != "blocks")


def problems_of_person(phones: Sequence[PhoneFacts], now: datetime) -> list[Problem]:
    """What is wrong with a person's reach: that of the best of their phones."""
    if not phones:
        return [_blocks("no_phone", "没有登录任何手机", "Not signed in on any phone")]
    each = [problems_of(phone, now) for phone in phones]
    return min(each, key=lambda problems: (sum(p.severity == "blocks" for p in problems), len(problems)))


def _address(phone: PhoneFacts, now: datetime) -> list[Problem]:
    if phone.push_token_state != "active":  # noqa: S105 - a state, not a token
        text = ("没有推送地址:请重新打开应用", "No push address: open the app again")
        return [_blocks("no_push_address", *text)]
    if phone.push_token_at is not None and now - phone.push_token_at > TOKEN_STALE:
        days = (now - phone.push_token_at).days
        return [_risks("push_address_old", f"推送地址已 {days} 天未更新", f"The push address is {days} days old")]
    return []


def _settings(phone: PhoneFacts) -> list[Problem]:
    found = []
    if phone.notifications in ("denied", "not_asked"):
        text = ("未允许通知:请在系统设置中打开", "Notifications are off: allow them in the system's settings")
        found.append(_blocks("notifications_off", *text))
    if phone.critical_alerts in ("denied", "not_asked"):
        text = ("未允许紧急提醒:静音时不会响", "Critical alerts are not allowed: it stays silent when muted")
        found.append(_risks("critical_alerts_off", *text))
    return found


def _power(phone: PhoneFacts) -> list[Problem]:
    found = []
    if phone.battery == "restricted":
        text = (
            "系统限制了应用后台运行:请设为不受限制",
            "The system keeps the app asleep: set its battery use to unrestricted",
        )
        found.append(_blocks("battery_restricted", *text))
    elif phone.battery == "optimised":
        text = (
            "系统可能让应用休眠:请关闭电池优化",
            "The system may put the app to sleep: turn battery optimisation off",
        )
        found.append(_risks("battery_optimised", *text))
    if phone.battery_level is not None and phone.battery_level < BATTERY_LOW_PERCENT:
        level = phone.battery_level
        found.append(_risks("battery_low", f"电量 {level} %", f"The battery is at {level} %"))
    return found


def _age(phone: PhoneFacts, now: datetime) -> list[Problem]:
    found = []
    if now - phone.last_seen_at > SILENT:
        days = (now - phone.last_seen_at).days
        found.append(_risks("silent", f"{days} 天没有联系", f"Not heard of for {days} days"))
    if phone.reported_at is None or now - phone.reported_at > REPORT_OLD:
        text = ("应用近期未报告手机状态", "The app has not said lately how the phone is set")
        found.append(_risks("not_reported", *text))
    return found


def _test(phone: PhoneFacts, now: datetime) -> list[Problem]:
    if phone.tested_at is None or now - phone.tested_at > TEST_OLD:
        return [_risks("not_tested", "近一个月没有通信测试", "No test of communications for a month")]
    if phone.test_received_at is None:
        return [_risks("test_not_received", "上次通信测试未收到", "The last test of communications did not arrive")]
    return []


def _blocks(code: str, zh: str, en: str) -> Problem:
    return Problem(code, "blocks", Text(zh, en))


def _risks(code: str, zh: str, en: str) -> Problem:
    return Problem(code, "risks", Text(zh, en))
