"""What a notice says, from its facts alone, in Chinese and English. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from mobile_contract.text import Text
from people.notices.model import (
    CalibrationDue,
    CommTestFailed,
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

_DECIDED = {
    "accepted": Text("同意了换班", "accepted the swap"),
    "declined": Text("拒绝了换班", "declined the swap"),
    "withdrawn": Text("撤回了换班申请", "took the swap back"),
}
# GBZ 2.1-2019, 3.2: PC-TWA, PC-STEL, MAC.
_DOSES: dict[Literal["twa", "stel", "ceiling"], Text] = {
    "twa": Text("8 小时加权平均限值", "8-hour limit (TWA)"),
    "stel": Text("15 分钟短时限值", "15-minute limit (STEL)"),
    "ceiling": Text("最高容许限值", "ceiling limit"),
}


def title_of(facts: Facts) -> Text:  # noqa: PLR0911 - one return a kind
    """The notice in one line."""
    match facts:
        case SwapProposed(by):
            return Text(f"{by} 申请与您换班", f"{by} asks you for a swap")
        case SwapDecided(by, state):
            return Text(f"{by} {_DECIDED[state].zh}", f"{by} {_DECIDED[state].en}")
        case ExposureExceeded(person):
            return Text(f"{person or '您'} 的接触量超过限值", f"{_of(person)} exposure is over the limit")
        case CalibrationDue(site, sensors, more):
            count = len(sensors) + more
            return Text(f"{site.zh}：{count} 个传感器需要校准", f"{site.en}: {_number(count, 'sensor')} to calibrate")
        case QualificationExpiring(person, name):
            return Text(
                f"{person or '您'} 的资质即将到期：{name.zh}", f"{_of(person)} qualification ends soon: {name.en}"
            )
        case QualificationExpired(person, name):
            return Text(
                f"{person or '您'} 的资质已到期：{name.zh}", f"{_of(person)} qualification has ended: {name.en}"
            )
        case PhoneNotReady():
            return Text("当班前您的手机可能不会响", "Your phone will not ring on your next duty")
        case CommTestFailed(people, missed, unproven):
            count = missed + unproven
            return Text(
                f"通信测试：{people} 人中 {count} 人未确认收到",
                f"Test of communications: {count} of {people} not reached",
            )
        case EquipmentExpiring(site, within_days, things, more):
            count = len(things) + more
            verb = "expires" if count == 1 else "expire"
            return Text(
                f"{site.zh}：{count} 件器材在 {within_days} 天内到期",
                f"{site.en}: {_number(count, 'thing')} {verb} within {_number(within_days, 'day')}",
            )


def text_of(facts: Facts) -> Text:  # noqa: PLR0911 - one return a kind
    """What there is to know, and to do."""
    match facts:
        case SwapProposed(_, starts_at, ends_at, tz, in_return):
            duty = _period(starts_at, ends_at, tz)
            back = Text("，并愿意值您的一个班", ", and offers to take one of yours") if in_return else Text("", "")
            return Text(f"班次 {duty}{back.zh}。请答复。", f"The duty of {duty}{back.en}. Answer it before it begins.")
        case SwapDecided(_, _, starts_at, ends_at, tz):
            duty = _period(starts_at, ends_at, tz)
            return Text(f"班次 {duty}。", f"The duty of {duty}.")
        case ExposureExceeded():
            return _exposure(facts)
        case CalibrationDue(_, sensors, more):
            rest = Text(f"；另有 {more} 个", f"; and {more} more") if more else Text("", "")
            zh = "；".join(_sensor(it).zh for it in sensors)
            en = "; ".join(_sensor(it).en for it in sensors)
            return Text(f"{zh}{rest.zh}。", f"{en}{rest.en}.")
        case QualificationExpiring(_, _, ends_on):
            return Text(f"有效期至 {ends_on}。请及时复审。", f"It counts until {ends_on}. Renew it in time.")
        case QualificationExpired(_, _, ends_on):
            return Text(f"已于 {ends_on} 到期，不再计入。", f"It ended on {ends_on} and counts no more.")
        case PhoneNotReady(rota, starts_at, tz, problems):
            zh = "；".join(problem.zh for problem in problems)
            en = "; ".join(problem.en for problem in problems)
            at = _time(starts_at, tz)
            return Text(f"“{rota.zh}”{at} 开始。{zh}。", f"“{rota.en}” begins {at}. {en}.")
        case CommTestFailed(_, missed, unproven, started_at, tz):
            at = _time(started_at, tz)
            return Text(
                f"{at} 的测试：{missed} 人没有送达，{unproven} 人仅有服务商回执。",
                f"The test of {at}: {missed} without any message, {unproven} by a service's word alone.",
            )
        case EquipmentExpiring(_, _, things, more):
            rest = Text(f"；另有 {more} 件", f"; and {more} more") if more else Text("", "")
            zh, en = "；".join(_thing(it).zh for it in things), "; ".join(_thing(it).en for it in things)
            return Text(f"{zh}{rest.zh}。请更换或停用。", f"{en}{rest.en}. Replace or retire them.")


def _exposure(facts: ExposureExceeded) -> Text:
    dose, at = _DOSES[facts.dose], _time(facts.at, facts.tz)
    zh = f"{facts.substance.zh}：{dose.zh}的 {facts.percent} %，{facts.site.zh}，{at}。"
    en = f"{facts.substance.en}: {facts.percent} % of the {dose.en}, {facts.site.en}, {at}."
    if facts.person is None:
        return Text(f"{zh}请离开该区域。", f"{en} Leave the area.")
    return Text(zh, en)


def _sensor(it: SensorDue) -> Text:
    if it.days_left < 0:
        return Text(f"{it.name.zh} 已过期 {-it.days_left} 天", f"{it.name.en} {_number(-it.days_left, 'day')} overdue")
    return Text(f"{it.name.zh} 还有 {it.days_left} 天", f"{it.name.en} in {_number(it.days_left, 'day')}")


def _thing(it: ThingDue) -> Text:
    if it.days_left < 0:
        return Text(
            f"{it.name.zh} 已到期 {-it.days_left} 天", f"{it.name.en} expired {_number(-it.days_left, 'day')} ago"
        )
    return Text(f"{it.name.zh} 还有 {it.days_left} 天", f"{it.name.en} in {_number(it.days_left, 'day')}")


def _of(person: str | None) -> str:
    return "Your" if person is None else f"{person}'s"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _time(at: datetime, tz: str) -> str:
    return at.astimezone(ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M")


def _period(start: datetime, end: datetime, tz: str) -> str:
    first, last = start.astimezone(ZoneInfo(tz)), end.astimezone(ZoneInfo(tz))
    form = "%H:%M" if first.date() == last.date() else "%Y-%m-%d %H:%M"
    return f"{first.strftime('%Y-%m-%d %H:%M')} – {last.strftime(form)}"
