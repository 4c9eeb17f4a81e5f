"""Occupational exposure limits for doses, each with jurisdiction, edition and source; and what effects add up: pure.

GBZ 2.1 names them MAC (ceiling), PC-TWA (8 h) and PC-STEL (15 min). Its values are at 20 Cel, NIOSH's and ours at
25 Cel: 1.7 % (see ``incidents.alarms.agents``).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from incidents.alarms.model import LimitSource

DoseKind: TypeAlias = Literal["twa", "stel", "ceiling"]


class ExposureLimit(msgspec.Struct, frozen=True):
    """At most ``value`` of ``unit`` as a mean over 8 h (twa), over 15 min (stel), or ever (ceiling)."""

    agent: str
    kind: DoseKind
    value: float
    unit: str
    source: LimitSource


_GBZ = LimitSource("CN", "2019", "GBZ 2.1", "table 1")
_NIOSH = LimitSource("US", "2007-149", "NIOSH Pocket Guide", "REL")
_OSHA = LimitSource("US", "29 CFR 1910.1000", "OSHA PEL", "tables Z-1 and Z-2")
_ACGIH = LimitSource("US", "2009", "ACGIH TLV", "TLV-STEL")


def _rows(source: LimitSource, unit: str, rows: dict[str, dict[DoseKind, float]]) -> tuple[ExposureLimit, ...]:
    return tuple(
        ExposureLimit(agent, kind, value, unit, source)
        for agent, kinds in rows.items()
        for kind, value in kinds.items()
    )


LIMITS: tuple[ExposureLimit, ...] = (
    *_rows(
        _GBZ,
        "mg/m3",
        {
            "acetone": {"twa": 300.0, "stel": 450.0},
            "isopropanol": {"twa": 350.0, "stel": 700.0},
            "hydrogen-fluoride": {"ceiling": 2.0},
            "carbon-monoxide": {"twa": 20.0, "stel": 30.0},
            "ammonia": {"twa": 20.0, "stel": 30.0},
            "chlorine": {"ceiling": 1.0},
            "hydrogen-chloride": {"ceiling": 7.5},
            "ozone": {"ceiling": 0.3},
            "hydrogen-sulfide": {"ceiling": 10.0},
        },
    ),
    *_rows(
        _NIOSH,
        "[ppm]",
        {
            "acetone": {"twa": 250.0},
            "ethanol": {"twa": 1_000.0},
            "isopropanol": {"twa": 400.0, "stel": 500.0},
            "hydrogen-fluoride": {"twa": 3.0, "ceiling": 6.0},
            "carbon-monoxide": {"twa": 35.0, "ceiling": 200.0},
            "ammonia": {"twa": 25.0, "stel": 35.0},
            "chlorine": {"ceiling": 0.5},
            "hydrogen-chloride": {"ceiling": 5.0},
            "ozone": {"ceiling": 0.1},
            "hydrogen-sulfide": {"ceiling": 10.0},
        },
    ),
    *_rows(_ACGIH, "[ppm]", {"ethanol": {"stel": 1_000.0}}),
    *_rows(
        _OSHA,
        "[ppm]",
        {
            "acetone": {"twa": 1_000.0},
            "ethanol": {"twa": 1_000.0},
            "isopropanol": {"twa": 400.0},
            "hydrogen-fluoride": {"twa": 3.0},
            "carbon-monoxide": {"twa": 50.0},
            "ammonia": {"twa": 50.0},
            "chlorine": {"ceiling": 1.0},
            "hydrogen-chloride": {"ceiling": 5.0},
            "ozone": {"twa": 0.1},
            "hydrogen-sulfide": {"ceiling": 20.0},
        },
    ),
)
# The first market's limits lead; where they have none, NIOSH's recommendation, then ACGIH's, then OSHA's.
ORDER = ("GBZ 2.1", "NIOSH Pocket Guide", "ACGIH TLV", "OSHA PEL")

# What acts on the same part of the body adds up (GBZ 2.1-2019, 6.5 and ACGIH TLV booklet, appendix E: C1/L1 + C2/L2 +
# ... > 1). Critical effects as ACGIH's TLV basis names them.
EFFECTS: dict[str, frozenset[str]] = {
    "central-nervous-system": frozenset({"acetone", "isopropanol"}),
    "upper-respiratory-irritation": frozenset(
        {"ethanol", "hydrogen-fluoride", "ammonia", "chlorine", "hydrogen-chloride", "hydrogen-sulfide"}
    ),
}


def limits_of(agent: str) -> dict[DoseKind, ExposureLimit]:
    """The limits that count for an agent: all from the first source in ORDER that has any, so that they belong
    together."""
    for source in ORDER:
        found = {row.kind: row for row in LIMITS if row.agent == agent and row.source.source == source}
        if found:
            return found
    return {}
