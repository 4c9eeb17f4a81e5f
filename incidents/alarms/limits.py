"""The starting library of set points: data with jurisdiction, edition and source, never a number alone.

Two purposes for a vapour that burns and harms: ``fire`` (share of the LEL) and ``exposure`` (what people breathe). At
25 % LEL acetone is over six times its OSHA limit: one channel does not do the other's work. Set points for doses over
a shift (TWA) are no alarm limits and are not here.
"""

from __future__ import annotations

from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from core.errors import NotFound
from incidents.alarms import agents
from incidents.alarms.model import AlarmRule, LimitSource

Purpose: TypeAlias = Literal["fire", "exposure", "oxygen", "machine", "cleanliness"]

# Noise at the border must not make an alarm come and go: ISA-18.2-2016 (and EEMUA 191) start at 5 % for flow and level.
DEADBAND_SHARE = 0.05
# One bad sample of a detector that speaks every second is no alarm; the second level asks nobody twice.
ON_DELAY_S = 2.0
OFF_DELAY_S = 10.0
# A second-level alarm that somebody acknowledged and nobody cured asks again after ten minutes.
REARM_AFTER_S = 600.0


class SetPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the library. ``variant`` tells rows of one agent apart (machine group, clean-room class)."""

    agent: str
    purpose: Purpose
    level: int
    kind: Literal["high", "low"] = "high"
    value: float
    unit: str
    source: LimitSource
    variant: str = ""
    toxic: bool = False
    deadband: float | None = None


_GB_GAS = LimitSource("CN", "2019", "GB/T 50493", "5.5.2")


def _fire(agent: str) -> tuple[SetPoint, ...]:
    return tuple(
        SetPoint(agent=agent, purpose="fire", level=level, value=value, unit="%{LEL}", source=_GB_GAS)
        for level, value in ((1, 25.0), (2, 50.0))
    )


def _exposure(agent: str, first: float, unit: str, source: LimitSource) -> tuple[SetPoint, ...]:
    """100 % and 200 % of an occupational exposure limit (GB/T 50493-2019, 5.5.2)."""
    return tuple(
        SetPoint(agent=agent, purpose="exposure", level=level, value=value, unit=unit, source=source, toxic=True)
        for level, value in ((1, first), (2, 2 * first))
    )


def _of_oel(jurisdiction: str, edition: str, source: str) -> LimitSource:
    return LimitSource(jurisdiction, edition, source, "first level 100 %, second 200 % of it: GB/T 50493-2019, 5.5.2")


_OXYGEN_VENDOR = LimitSource(
    "vendor", "", "practice of detector makers", "GB/T 50493-2019 has no second level for oxygen"
)
_ISO_14644 = LimitSource("ISO", "2015", "ISO 14644-1", "table 1, particles of 0.5 um and larger")

_TOXIC_MG_M3 = {
    "hydrogen-fluoride": 2.0,
    "carbon-monoxide": 20.0,
    "ammonia": 20.0,
    "chlorine": 1.0,
    "hydrogen-chloride": 7.5,
    "ozone": 0.3,
    "hydrogen-sulfide": 10.0,
}
# ISO 10816-3:2009, annex A: borders B/C (alarm) and C/D (trip level) in mm/s rms.
_MACHINES = {
    "15-300 kW rigid": (2.8, 4.5, "group 2, rigid"),
    "15-300 kW flexible": (4.5, 7.1, "group 2, flexible"),
    "over 300 kW rigid": (4.5, 7.1, "group 1, rigid"),
    "over 300 kW flexible": (7.1, 11.0, "group 1, flexible"),
}
_CLEAN_ROOMS = {"class 5": 3_520.0, "class 6": 35_200.0, "class 7": 352_000.0, "class 8": 3_520_000.0}


def _machine(variant: str, first: float, second: float, group: str) -> tuple[SetPoint, ...]:
    borders = ((1, first, "B/C"), (2, second, "C/D"))
    return tuple(
        SetPoint(
            agent="vibration",
            purpose="machine",
            level=level,
            value=value,
            unit="mm/s",
            source=LimitSource("ISO", "2009", "ISO 10816-3", f"{group}, zone border {border}"),
            variant=variant,
        )
        for level, value, border in borders
    )


def _oxygen(level: int, kind: Literal["high", "low"], value: float, source: LimitSource) -> SetPoint:
    return SetPoint(
        agent="oxygen", purpose="oxygen", level=level, kind=kind, value=value, unit="%", source=source, deadband=0.2
    )


LIBRARY: tuple[SetPoint, ...] = (
    *_fire("flammable-gas"),
    *_fire("acetone"),
    *_exposure("acetone", 1_000.0, "[ppm]", _of_oel("US", "29 CFR 1910.1000", "OSHA PEL, table Z-1")),
    *_fire("ethanol"),
    *_exposure("ethanol", 1_000.0, "[ppm]", _of_oel("US", "2009", "ACGIH TLV-STEL")),
    *_fire("isopropanol"),
    *_exposure("isopropanol", 400.0, "[ppm]", _of_oel("US", "2003", "ACGIH TLV-STEL")),
    *_fire("hydrogen"),
    *(point for agent, first in _TOXIC_MG_M3.items() for point in _exposure(agent, first, "mg/m3", _GB_GAS)),
    _oxygen(1, "low", 19.5, _GB_GAS),
    _oxygen(1, "high", 23.5, _GB_GAS),
    _oxygen(2, "low", 18.0, _OXYGEN_VENDOR),
    *(point for variant, row in _MACHINES.items() for point in _machine(variant, *row)),
    *(
        SetPoint(
            agent="particles",
            purpose="cleanliness",
            level=1,
            value=value,
            unit="1/m3",
            source=_ISO_14644,
            variant=variant,
        )
        for variant, value in _CLEAN_ROOMS.items()
    ),
)


def find_set_points(agent: str, unit: str, *, purpose: Purpose | None = None, variant: str = "") -> list[SetPoint]:
    """The library's rows for this agent in this unit, converted where the units differ.

    Without a purpose: a channel in % LEL watches for fire, any other for what people breathe, where the library has
    such rows. Raises NotFound when it has none, naming the variants there are.
    """
    rows = [point for point in LIBRARY if point.agent == agent]
    wanted = purpose or _purpose_of(rows, unit)
    found = [point for point in rows if point.purpose == wanted and point.variant == variant]
    if not found:
        known = sorted({f"{p.purpose} {p.variant}".strip() for p in rows})
        raise NotFound(
            "limit.unknown",
            f"the library has no limit for {agent} ({wanted}{', ' + variant if variant else ''})",
            f"限值库中没有 {agent} 的限值",
            field="agent",
            value=agent,
            limit=known,
        )
    return [_in_unit(point, unit) for point in found]


def _purpose_of(rows: list[SetPoint], unit: str) -> Purpose:
    purposes = {point.purpose for point in rows}
    if unit != "%{LEL}" and "exposure" in purposes:
        return "exposure"
    return next(iter(sorted(purposes - {"exposure"})), "exposure")


def _in_unit(point: SetPoint, unit: str) -> SetPoint:
    if point.unit == unit:
        return point
    value = agents.convert(point.agent, point.value, point.unit, unit)
    note = (
        f"{point.source.note}; converted from {point.value:g} {point.unit} "
        f"at {agents.TEMPERATURE_C:g} Cel and {agents.PRESSURE_KPA:g} kPa"
    )
    source = msgspec.structs.replace(point.source, note=note.lstrip("; "))
    return msgspec.structs.replace(point, value=float(f"{value:.4g}"), unit=unit, source=source)


def rule_of(point: SetPoint, rule_id: UUID, tenant_id: UUID, sensor_id: UUID) -> AlarmRule:
    """The rule that holds a sensor to this set point, with the library's delays and deadband."""
    second = point.level == 2
    return AlarmRule(
        tenant_id=tenant_id,
        id=rule_id,
        kind=point.kind,
        level=point.level,
        unit=point.unit,
        source=point.source,
        sensor_id=sensor_id,
        set_point=point.value,
        deadband=point.value * DEADBAND_SHARE if point.deadband is None else point.deadband,
        on_delay_s=0.0 if second else ON_DELAY_S,
        off_delay_s=OFF_DELAY_S,
        rearm_after_s=REARM_AFTER_S if second else None,
        toxic=point.toxic,
    )
