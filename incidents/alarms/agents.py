"""What the plant's air may hold: names in both languages and the constants that limits are converted by.

Molar masses: PubChem. Lower explosive limits (LEL): IEC 60079-20-1:2010, table B.1, share of volume in air.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from core.errors import Invalid
from mobile_contract.text import Text

Hazard: TypeAlias = Literal["flammable", "toxic", "asphyxiant", "machine", "particles"]


class Agent(msgspec.Struct, frozen=True):
    """A substance (or, for machines and clean rooms, a quantity) that limits are about.

    ``hazard`` is what its first plan answers; ``molar_mass`` in g/mol and ``lel`` in % vol where it has them.
    """

    slug: str
    name: Text
    hazard: Hazard
    molar_mass: float | None = None
    lel: float | None = None


AGENTS: dict[str, Agent] = {
    agent.slug: agent
    for agent in (
        Agent("acetone", Text("丙酮", "acetone"), "flammable", 58.08, 2.5),
        Agent("ethanol", Text("乙醇", "ethanol"), "flammable", 46.07, 3.1),
        Agent("isopropanol", Text("异丙醇", "isopropanol"), "flammable", 60.10, 2.0),
        Agent("hydrogen", Text("氢气", "hydrogen"), "flammable", 2.016, 4.0),
        Agent("flammable-gas", Text("可燃气体", "flammable gas"), "flammable"),
        Agent("hydrogen-fluoride", Text("氟化氢", "hydrogen fluoride"), "toxic", 20.01),
        Agent("carbon-monoxide", Text("一氧化碳", "carbon monoxide"), "toxic", 28.01),
        Agent("ammonia", Text("氨", "ammonia"), "toxic", 17.03),
        Agent("chlorine", Text("氯气", "chlorine"), "toxic", 70.90),
        Agent("hydrogen-chloride", Text("氯化氢", "hydrogen chloride"), "toxic", 36.46),
        Agent("ozone", Text("臭氧", "ozone"), "toxic", 48.00),
        Agent("hydrogen-sulfide", Text("硫化氢", "hydrogen sulfide"), "toxic", 34.08),
        Agent("oxygen", Text("氧气", "oxygen"), "asphyxiant", 32.00),
        Agent("vibration", Text("振动", "vibration"), "machine"),
        Agent("particles", Text("悬浮粒子", "airborne particles"), "particles"),
    )
}


def name_of(slug: str | None) -> Text:
    """The agent's name for people; an agent we do not know is named by what the admin wrote."""
    if slug is None:
        return Text("未知物质", "an unknown agent")
    known = AGENTS.get(slug)
    return known.name if known else Text(slug, slug)


def hazard_of(slug: str | None) -> Hazard | None:
    """What kind of danger the agent is; None where nobody said."""
    known = AGENTS.get(slug) if slug else None
    return known.hazard if known else None


# An ideal gas at 25 Cel and 101.325 kPa: 24.45 L/mol, the conditions of the NIOSH Pocket Guide's conversion factors.
# GBZ 2.1 reports at 20 Cel: 1.7 % more mg/m3 for the same ppm.
TEMPERATURE_C, PRESSURE_KPA = 25.0, 101.325
_GAS_CONSTANT = 8.314462618  # J/(mol K), which is kPa L/(mol K); CODATA 2018


def molar_volume_l(temperature_c: float = TEMPERATURE_C, pressure_kpa: float = PRESSURE_KPA) -> float:
    """Litres that one mole of an ideal gas fills."""
    return _GAS_CONSTANT * (temperature_c + 273.15) / pressure_kpa


def convert(
    agent: str,
    value: float,
    unit: str,
    to: str,
    *,
    temperature_c: float = TEMPERATURE_C,
    pressure_kpa: float = PRESSURE_KPA,
) -> float:
    """A concentration in another unit: ``[ppm]`` (parts per million by volume), ``mg/m3``, ``%`` (vol) and ``%{LEL}``.

    mg/m3 = ppm x molar mass / molar volume, at the temperature (Cel) and pressure (kPa) given. Raises Invalid naming
    the unit that can not be reached for this agent.
    """
    if unit == to:
        return value
    ppm = value * _ppm_per(agent, unit, temperature_c, pressure_kpa)
    return ppm / _ppm_per(agent, to, temperature_c, pressure_kpa)


def _ppm_per(agent: str, unit: str, temperature_c: float, pressure_kpa: float) -> float:
    """How many ppm one of ``unit`` is."""
    known = AGENTS.get(agent)
    if unit == "[ppm]":
        return 1.0
    if unit == "%":
        return 10_000.0
    if unit == "mg/m3" and known is not None and known.molar_mass is not None:
        return molar_volume_l(temperature_c, pressure_kpa) / known.molar_mass
    if unit == "%{LEL}" and known is not None and known.lel is not None:
        return known.lel * 100.0
    raise Invalid(
        "unit.not_convertible",
        f"{agent} can not be converted to or from {unit!r}",
        f"{agent} 无法与单位 {unit!r} 换算",
        field="unit",
        value=unit,
        limit=["[ppm]", "%", "mg/m3", "%{LEL}"],
    )
