"""What a rota's definition must be before it is stored; errors name the field: ``definition.layers[1].handover``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NoReturn
from uuid import UUID
from zoneinfo import ZoneInfo

from core.errors import Invalid
from mobile_contract.rotas import Layer, RotaDefinition
from mobile_contract.text import Text
from people.rotas.on_call import minute_of, rule_of
from people.rotas.recurrence import check_rule

# Beyond these, time zone rules are guesses; within them every listed rule stays short.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
NAME_MAX = 200
# One definition names this many people's places at most: it is resolved thousands of times a minute.
PLACES_MAX = 1000


def check_definition(definition: RotaDefinition) -> None:
    """Raise Invalid naming the field, the value and the limit of the first thing that is wrong."""
    for number, layer in enumerate(definition.layers):
        _check_layer(layer, f"definition.layers[{number}]")
    _check_holidays(definition)
    places = sum(1 for _ in people_of(definition))
    if places > PLACES_MAX:
        _refuse(
            "definition.layers",
            f"a rota names at most {PLACES_MAX} places",
            f"一个轮班表最多 {PLACES_MAX} 个席位",
            places,
            PLACES_MAX,
        )


def people_of(definition: RotaDefinition) -> Iterator[tuple[str, UUID]]:
    """Everybody the definition names, with the field that names them."""
    for number, layer in enumerate(definition.layers):
        for turn, crew in enumerate(layer.turns):
            for place, account_id in enumerate(crew):
                yield f"definition.layers[{number}].turns[{turn}][{place}]", account_id
    for number, duty in enumerate(definition.holidays):
        for place, account_id in enumerate(duty.people):
            yield f"definition.holidays[{number}].people[{place}]", account_id


def check_zone(tz: str) -> None:
    """Raise Invalid unless it is an IANA time zone."""
    try:
        ZoneInfo(tz)
    except (ValueError, OSError, KeyError) as problem:  # ZoneInfoNotFoundError is a KeyError
        raise Invalid("rota.tz", f"{tz!r} is no IANA time zone", f"时区 {tz!r} 无效", field="tz", value=tz) from problem


def check_name(name: Text, field: str = "name") -> None:
    """Raise Invalid unless both languages are there."""
    for language, text in (("zh", name.zh), ("en", name.en)):
        if not text.strip() or len(text) > NAME_MAX or "\0" in text:
            _refuse(
                f"{field}.{language}",
                f"a name has 1 to {NAME_MAX} characters in both languages",
                f"名称须有中英文，各 1 至 {NAME_MAX} 字",
                text[:NAME_MAX],
                NAME_MAX,
            )


def _check_layer(layer: Layer, field: str) -> None:
    check_name(layer.name, f"{field}.name")
    _check_date(layer.starts_on, f"{field}.starts_on")
    if layer.ends_on is not None:
        _check_date(layer.ends_on, f"{field}.ends_on")
        if layer.ends_on <= layer.starts_on:
            _refuse(f"{field}.ends_on", "a layer ends after it starts", "结束日期须晚于开始日期", str(layer.ends_on))
    if [bool(layer.weekdays), layer.every_days is not None, layer.rrule is not None].count(True) != 1:
        _refuse(
            f"{field}.weekdays",
            "hand-overs come on weekdays, every_days or by rrule: give exactly one",
            "交接日须以 weekdays、every_days、rrule 之一给出",
            limit="weekdays | every_days | rrule",
        )
    if layer.rrule is not None:
        check_rule(layer.rrule, layer.starts_on, f"{field}.rrule")
    else:
        check_rule(rule_of(layer), layer.starts_on, f"{field}.weekdays")
    _check_length(layer, field)
    for number, crew in enumerate(layer.turns):
        if len(set(crew)) != len(crew):
            _refuse(f"{field}.turns[{number}]", "a person stands in a turn once", "同一人在一个班次中只能出现一次")


def _check_length(layer: Layer, field: str) -> None:
    if layer.days == 0 and (layer.until is None or minute_of(layer.until) <= minute_of(layer.handover)):
        _refuse(
            f"{field}.until",
            "a turn of no days ends after its hand-over on the same day",
            "当日结束的班次，其结束时间须晚于交接时间",
            layer.until,
            layer.handover,
        )


def _check_holidays(definition: RotaDefinition) -> None:
    seen: set[date] = set()
    for number, duty in enumerate(definition.holidays):
        _check_date(duty.on, f"definition.holidays[{number}].on")
        if duty.on in seen:
            _refuse(f"definition.holidays[{number}].on", "this date is there already", "日期重复", str(duty.on))
        if len(set(duty.people)) != len(duty.people):
            _refuse(
                f"definition.holidays[{number}].people",
                "a person stands in a turn once",
                "同一人在一个班次中只能出现一次",
            )
        if duty.name is not None:
            check_name(duty.name, f"definition.holidays[{number}].name")
        seen.add(duty.on)


def _check_date(day: date, field: str) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        _refuse(
            field,
            f"a date is from {FIRST_DAY} to {LAST_DAY}",
            f"日期须在 {FIRST_DAY} 至 {LAST_DAY} 之间",
            str(day),
            [str(FIRST_DAY), str(LAST_DAY)],
        )


def _refuse(field: str, en: str, zh: str, value: object = None, limit: object = None) -> NoReturn:
    raise Invalid("rota.definition", f"{field}: {en}", f"{field}：{zh}", field=field, value=value, limit=limit)
