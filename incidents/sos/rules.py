"""What a call for help weighs and says: level, grade, words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from incidents.alarms.model import Grade
from incidents.grading import Graded
from mobile_contract.text import Text

Kind: TypeAlias = Literal["duress_silent", "medical", "fall", "trapped", "missed_check_in"]
LocatedBy: TypeAlias = Literal["phone", "near", "badge", "visit", "shift", "marshal", "session", "site"]

KIND_NAMES: dict[Kind, Text] = {
    "duress_silent": Text("受胁迫（静默）", "under duress, silent"),
    "medical": Text("需要医疗救助", "needs medical help"),
    "fall": Text("跌倒", "has fallen"),
    "trapped": Text("被困", "is trapped"),
    "missed_check_in": Text("未按时报平安", "did not check in"),
}
# 2: somebody is hurt (incidents.grading.grade_report); the others may be.
LEVELS: dict[Kind, int] = {"duress_silent": 2, "medical": 2, "fall": 2, "trapped": 1, "missed_check_in": 1}
# The button is held, the app is started anew, the line is bad: presses this close together are one.
SAME_PRESS = timedelta(seconds=10)
DURESS = Text("胁迫码：本人并非自愿结束", "Duress code: the person did not end it of their own will")
AGAIN = Text("本人再次求救", "The person calls again")

_SOURCES: dict[LocatedBy, Text] = {
    "phone": Text("手机定位", "by phone"),
    "near": Text("手机定位在区域外，此为最近区域", "by phone, outside of every zone, this is the nearest"),
    "badge": Text("门禁记录", "by badge"),
    "visit": Text("访客登记", "by sign-in"),
    "shift": Text("按班次推断", "by shift"),
    "marshal": Text("清点记录", "by a marshal"),
    "session": Text("独自作业登记的地点", "as they said when they began"),
    "site": Text("位置不明", "place not known"),
}


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the person is believed to be. ``share`` 0 to 1 that they are in the zone; None: the zone is only where the
    search begins, ``located_by`` says why. Degrees WGS 84, metres; ``at``: when they were there."""

    site_id: UUID
    zone_id: UUID
    located_by: LocatedBy
    share: float | None
    lon: float | None = None
    lat: float | None = None
    level: int | None = None
    accuracy_m: float | None = None
    at: datetime | None = None


def place_name(place: Place, zone: Text, site: Text, person: str, now: datetime) -> Text:
    """Where and who, as orders and incidents say it: how sure it is stands in it."""
    how = _SOURCES[place.located_by]
    zh, en = [how.zh], [how.en]
    if place.share is not None:
        zh.append(f"可信度 {place.share:.0%}")
        en.append(f"{place.share:.0%} sure")
    minutes = 0 if place.at is None else int((now - place.at).total_seconds() // 60)
    if minutes > 0:
        zh.append(f"{minutes} 分钟前")
        en.append(f"{minutes} min ago")
    known = place.share is not None or place.located_by == "near"
    where = zone if known else Text(f"{site.zh}内某处", f"somewhere on {site.en}")
    return Text(f"{where.zh}：{person}（{'，'.join(zh)}）", f"{where.en}: {person} ({', '.join(en)})")


def reason(kind: Kind, person: str, note: str) -> str:
    """What the report of the incident says."""
    name = KIND_NAMES[kind]
    said = f"{person} {name.zh} / {name.en}"
    return f"{said}: {note}" if note else said


def is_again(pressed_at: datetime, now: datetime) -> bool:
    """Whether a press with another key is another call, and not the same finger on the button."""
    return now - pressed_at >= SAME_PRESS


def graver(grade: int, reasons: Sequence[Text], *, duress: bool) -> Graded | None:
    """The grade after the person called again or gave the duress code: I. None: it says so already."""
    why = DURESS if duress else AGAIN
    if grade == Grade.I and why in reasons:
        return None
    return Graded(Grade.I, (*reasons, why))
