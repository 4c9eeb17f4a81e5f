"""Incidents as Common Alerting Protocol messages (OASIS CAP 1.2, 2010-07-01). Pure.

How an incident is mapped:

* msgType (3.2.1): the first message a feed gets of an incident is Alert, later ones Update, its closing Cancel, each
  with references to the earlier ones that the feed has got.
* status: Exercise for a drill and Test for a test message; Actual only with a ``Released`` that is no exercise.
* severity by grade: I Extreme, II Severe, III Moderate, IV Minor (3.2.2: Extreme is extraordinary threat to life).
* urgency: I and II Immediate, III and IV Expected while an alarm is active; Expected once all are normal; Past when
  closed ("responsive action no longer required").
* certainty: Observed where an instrument measured a substance, Likely where only an instrument or a machine failed.
* category by the agent's hazard: flammable Fire, toxic and asphyxiant CBRNE, all others Safety.
* scope Restricted: who is sent it by its plant, not the public.
* expires a day after it was sent: while an incident lasts, a consumer keeps what it was told of it at least so long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from xml.etree import ElementTree

import msgspec

from core.outlet import Released
from incidents.alarms.agents import hazard_of, name_of
from incidents.alarms.model import Grade
from incidents.grading import GRADE_NAMES
from incidents.record.feed import Area, Notice
from mobile_contract.text import Text

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
VALID_FOR = timedelta(hours=24)
LANGUAGES = ("zh-CN", "en")
# What XML 1.0 (section 2.2) can not hold.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# CAP 1.2 section 3.2.1: identifiers and senders have no spaces, commas or restricted characters.
TOKEN = re.compile(r"[^\s,<&]{1,200}")

MsgType: TypeAlias = Literal["Alert", "Update", "Cancel"]
_SEVERITY = {1: "Extreme", 2: "Severe", 3: "Moderate", 4: "Minor"}
_CATEGORY = {"flammable": "Fire", "toxic": "CBRNE", "asphyxiant": "CBRNE"}
_EVENTS = {
    "flammable": Text("可燃物泄漏", "Flammable leak"),
    "toxic": Text("有毒物质泄漏", "Toxic leak"),
    "asphyxiant": Text("氧含量异常", "Oxygen out of bounds"),
    "machine": Text("设备异常", "Machine failure"),
    "particles": Text("洁净室粒子超标", "Clean-room particle excursion"),
    None: Text("工厂安全事件", "Plant safety incident"),
}


class Reference(msgspec.Struct, frozen=True):
    """An earlier message about the same incident."""

    sender: str
    identifier: str
    sent: datetime


def message_type(notice: Notice, earlier: Sequence[Reference]) -> MsgType:
    """What the message is to a feed that got the earlier ones."""
    if not earlier:
        return "Alert"
    return "Cancel" if notice.event in ("incident.closed", "incident.merged") else "Update"


def build_alert(
    notice: Notice,
    released: Released,
    *,
    identifier: str,
    sender: str,
    contact: str | None = None,
    earlier: Sequence[Reference] = (),
) -> str:
    """The message as XML; the same arguments give the same bytes."""
    alert = ElementTree.Element("alert", xmlns=NAMESPACE)
    kind = message_type(notice, earlier)
    _add(alert, "identifier", identifier)
    _add(alert, "sender", sender)
    _add(alert, "sent", _time(notice.at))
    _add(alert, "status", _status(notice, released))
    _add(alert, "msgType", kind)
    _add(alert, "source", "Muster")
    _add(alert, "scope", "Restricted")
    _add(alert, "restriction", "For the systems this plant informs")
    if earlier:
        _add(alert, "references", " ".join(f"{r.sender},{r.identifier},{_time(r.sent)}" for r in earlier))
    if notice.incident is not None:
        _add(alert, "incidents", str(notice.incident))
    for language in LANGUAGES:
        _info(alert, notice, language, contact, over=kind == "Cancel")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(alert, encoding="unicode")


def _status(notice: Notice, released: Released) -> str:
    if notice.exercise or released.exercise:
        return "Exercise"
    return "Test" if notice.event == "test" else "Actual"


def _info(alert: ElementTree.Element, notice: Notice, language: str, contact: str | None, *, over: bool) -> None:
    """One language's block; the elements stand in the schema's order."""
    info = ElementTree.SubElement(alert, "info")
    hazard = hazard_of(notice.agent)
    _add(info, "language", language)
    _add(info, "category", _CATEGORY.get(hazard or "", "Safety"))
    _add(info, "event", _EVENTS[hazard].in_(language))
    if over:
        _add(info, "responseType", "AllClear")
    _add(info, "urgency", _urgency(notice, over=over))
    _add(info, "severity", _SEVERITY[notice.grade])
    _add(info, "certainty", "Observed" if hazard not in (None, "machine") else "Likely")
    _add(info, "effective", _time(notice.at))
    _add(info, "onset", _time(notice.opened_at))
    _add(info, "expires", _time(notice.at + VALID_FOR))
    _add(info, "senderName", notice.plant.in_(language))
    _add(info, "headline", _headline(notice, language))
    _add(info, "description", _description(notice, language))
    if contact:
        _add(info, "contact", contact)
    for name, value in _parameters(notice):
        _pair(info, "parameter", name, value)
    if notice.area is not None:
        _area(info, notice.area, language)


def _urgency(notice: Notice, *, over: bool) -> str:
    if over or notice.state == "closed":
        return "Past"
    return "Immediate" if notice.grade <= 2 and notice.state == "open" else "Expected"


def _headline(notice: Notice, language: str) -> str:
    drill = Text("演习：", "EXERCISE: ").in_(language) if notice.exercise else ""
    return drill + notice.title.in_(language)


_STATES = {
    "open": Text("报警仍在持续。", "An alarm is active."),
    "returned": Text("所有报警已恢复正常。", "All alarms are back to normal."),
    "closed": Text("事件已关闭。", "The incident is closed."),
}


def _description(notice: Notice, language: str) -> str:
    parts = [
        Text(f"地点：{notice.place.zh}。", f"Place: {notice.place.en}.").in_(language),
        _grade(notice.grade).in_(language),
    ]
    if notice.agent is not None:
        name = name_of(notice.agent)
        parts.append(Text(f"物质：{name.zh}。", f"Agent: {name.en}.").in_(language))
    if notice.reasons:
        reasons = Text("；".join(r.zh for r in notice.reasons), "; ".join(r.en for r in notice.reasons))
        parts.append(Text(f"原因：{reasons.zh}。", f"Reasons: {reasons.en}.").in_(language))
    parts.append(_STATES[notice.state].in_(language))
    return ("" if language.startswith("zh") else " ").join(parts)


def _grade(grade: int) -> Text:
    name = GRADE_NAMES[Grade(grade)]
    return Text(f"等级：{name.zh}。", f"Grade: {name.en}.")


def _parameters(notice: Notice) -> list[tuple[str, str]]:
    return [("muster:event", notice.event), ("muster:grade", str(notice.grade)), ("muster:number", str(notice.number))]


def _area(info: ElementTree.Element, place: Area, language: str) -> None:
    area = ElementTree.SubElement(info, "area")
    _add(area, "areaDesc", place.name.in_(language))
    polygon = _polygon(place.polygon)
    if polygon:
        _add(area, "polygon", polygon)
    _pair(area, "geocode", "muster:site", place.site)
    _pair(area, "geocode", "muster:zone", place.zone)
    _pair(area, "geocode", "muster:level", str(place.level))


def _polygon(rings: list[list[list[float]]]) -> str:
    """The outer ring as CAP writes it: latitude first, closed, at least four points; empty without one."""
    ring = [(point[1], point[0]) for point in rings[0]] if rings else []
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    return " ".join(f"{lat:.7f},{lon:.7f}" for lat, lon in ring) if len(ring) >= 4 else ""


def _time(at: datetime) -> str:
    """CAP 1.2 section 3.3.2: whole seconds, and UTC is written -00:00."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _NOT_XML.sub("\ufffd", text)


def _pair(parent: ElementTree.Element, name: str, key: str, value: str) -> None:
    pair = ElementTree.SubElement(parent, name)
    _add(pair, "valueName", key)
    _add(pair, "value", value)
