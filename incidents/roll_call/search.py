"""Where to look for those who are missing: zone by zone, the surest first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from incidents.roll_call.model import Person
from mobile_contract.room_views import Step
from mobile_contract.text import Text

# A name takes two seconds to call out and a step is read on a phone; the rest is on the roll call's own page.
NAMES_A_STEP = 8
STEPS_MAX = 20
NOWHERE = Text("最后位置不明", "Last place unknown")


def is_new_search(people: Sequence[Person], ended_at: datetime) -> bool:
    """Whether one of these has called for help, or was seen, after a search was over: it knew nothing of them."""
    moments = (p.status_at if p.status == "need_help" else p.seen_at for p in people)
    return any(at is not None and at > ended_at for at in moments)


def search_steps(people: Sequence[Person], zones: Mapping[UUID, Text], now: datetime) -> list[Step]:
    """One step a zone with the names to call; those who need help first, then zones by how sure we are."""
    wanted = [p for p in people if p.status in ("need_help", "missing")]
    by_zone: dict[tuple[bool, UUID | None], list[Person]] = {}
    for person in wanted:
        by_zone.setdefault((person.status != "need_help", person.zone_id), []).append(person)
    ordered = sorted(
        by_zone.items(),
        # Whose place nobody knows comes last: there is no door to go to.
        key=lambda item: (item[0][0], item[0][1] is None, -sum(p.confidence for p in item[1]), str(item[0][1])),
    )
    steps: list[Step] = []
    for (missing, zone_id), found in ordered[:STEPS_MAX]:
        place = zones.get(zone_id, NOWHERE) if zone_id is not None else NOWHERE
        steps.append(Step(len(steps) + 1, _step(place, found, now, missing=missing)))
    return steps


def _step(place: Text, people: Sequence[Person], now: datetime, *, missing: bool) -> Text:
    ordered = sorted(people, key=lambda p: (-p.confidence, p.name, p.person_id))
    shown, more = ordered[:NAMES_A_STEP], len(ordered) - NAMES_A_STEP
    zh = "、".join(p.name + _seen(p, now, "zh") for p in shown) + (f" 等另 {more} 人" if more > 0 else "")
    en = ", ".join(p.name + _seen(p, now, "en") for p in shown) + (f" and {more} more" if more > 0 else "")
    if missing:
        return Text(f"{place.zh}：寻找 {zh}", f"{place.en}: look for {en}")
    return Text(f"{place.zh}：需要帮助 {zh}", f"{place.en}: needs help: {en}")


def _seen(person: Person, now: datetime, language: str) -> str:
    percent = round(person.confidence * 100)
    if person.seen_at is None:
        return f"（{percent} %）" if language == "zh" else f" ({percent} %)"
    minutes = max(0, round((now - person.seen_at).total_seconds() / 60))
    if language == "zh":
        return f"（{minutes} 分钟前，{percent} %）"
    return f" ({minutes} min ago, {percent} %)"
