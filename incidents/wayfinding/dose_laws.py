"""By which law and against which limit an agent's dose on a way is reckoned, and what a mask holds back. Pure.

Haber's rule: C t, n = 1 (ten Berge, Zwart and Appelman, Journal of Hazardous Materials 13 (1986), 301-309), against
what is allowed at work: the agent's short-term limit for its 15 min (PC-STEL, GBZ 2.1-2019), or, where it has a ceiling
instead, that for a minute. Of an agent whose n is above 1 a moment in far more than the limit is worse than this says.
"""

from __future__ import annotations

from core.errors import Invalid
from geo.guidance import Danger
from geo.hazards.dose import APF_BREATHING_APPARATUS, APF_FULL_MASK, APF_HALF_MASK, LoadLaw, Protection
from geo.hazards.model import ConcentrationUnit
from incidents.alarms.agents import AGENTS, name_of
from incidents.exposure.exposure_limits import LIMITS, ORDER, DoseKind, ExposureLimit
from mobile_contract.text import Text
from mobile_contract.wayfinding_questions import MaskName

# How long each limit may be breathed. A ceiling may not be for any time; over 15 min is how OSHA assesses one that is
# not measured moment by moment (29 CFR 1910.1000(a)(1)). A minute is stricter, and a choice of ours: a quick door.
MINUTES: dict[DoseKind, float] = {"stel": 15.0, "ceiling": 1.0}
# A day; no cylinder and no filter is planned with for longer (as ``geo.hazards.dose``).
AIR_MAX_MIN = 1_440.0

_FACTORS: dict[MaskName, float] = {
    "none": 1.0,
    "half": APF_HALF_MASK,
    "full": APF_FULL_MASK,
    "breathing_apparatus": APF_BREATHING_APPARATUS,
}
_UNITS: dict[str, ConcentrationUnit] = {"mg/m3": "mg/m3", "[ppm]": "ppm"}


def short_limit(agent: str) -> ExposureLimit | None:
    """The 15-minute limit of an agent, or else its ceiling, of the first source in ORDER that has either."""
    for source in ORDER:
        rows = {row.kind: row for row in LIMITS if row.agent == agent and row.source.source == source}
        found = rows.get("stel") or rows.get("ceiling")
        if found is not None:
            return found
    return None


def danger_of(agent: str | None, protection: Protection) -> Danger:
    """What doses of an agent are reckoned by; of one without a short-term limit, or of none, no dose is known."""
    if agent is None:
        return Danger(protection=protection)
    limit, known = short_limit(agent), AGENTS.get(agent)
    if limit is None or known is None:
        return Danger(agent=name_of(agent), protection=protection)
    minutes, source = MINUTES[limit.kind], limit.source
    law = LoadLaw(
        agent,
        1.0,
        _UNITS[limit.unit],
        f"Haber's rule, n = 1; {source.source} {source.edition}, {source.note}",
        known.molar_mass,
    )
    return Danger(
        agent=known.name,
        law=law,
        limit_load=limit.value * minutes,
        limit=_name(limit),
        protection=protection,
    )


def protection_of(mask: MaskName, air_min: float | None = None) -> Protection:
    """What is breathed through: the assigned protection factor of a mask that fits, for the minutes its air lasts.

    Raises Invalid (wayfinding.mask_invalid) for air without a mask, an apparatus without its air, and air out of
    bounds.
    """
    if mask == "none" and air_min is not None:
        raise _invalid("there is no mask that air could be for", "未戴面罩，不能填写供气时间", air_min)
    if mask == "breathing_apparatus" and air_min is None:
        raise _invalid("state for how many minutes the apparatus has air", "请填写呼吸器供气分钟数", None)
    if air_min is not None and not 0 <= air_min <= AIR_MAX_MIN:
        raise _invalid("air lasts 0 min to a day", "供气时间须为 0 分钟至一天", air_min)
    return Protection(_FACTORS[mask], None if air_min is None else air_min * 60)


def _name(limit: ExposureLimit) -> Text:
    unit, source = _UNITS[limit.unit], limit.source.source
    amount = f"{limit.value:g} {unit}"
    if limit.kind == "stel":
        return Text(f"{source} 的 15 分钟接触限值（{amount}）", f"the 15 min limit of {source} ({amount})")
    return Text(f"{source} 的最高容许浓度（{amount}，按 1 分钟计）", f"a minute at the ceiling of {source} ({amount})")


def _invalid(en: str, zh: str, value: float | None) -> Invalid:
    return Invalid(
        "wayfinding.mask_invalid", f"air_min: {en}", f"air_min：{zh}", field="air_min", value=value, limit=AIR_MAX_MIN
    )
