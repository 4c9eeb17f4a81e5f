"""What a path costs in breath: toxic load along arcs, under a mask, as long as the air lasts. Pure.

The toxic load of breathing C for t minutes is C^n t: Haber's rule with n = 1, else ten Berge, Zwart and Appelman,
Journal of Hazardous Materials 13 (1986), 301-309. ``n`` and the load that harms are facts of an agent; whoever states
them states their source (HSE's dangerous toxic loads, AEGL documents).
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph.csr import BANNED, Floats, Ints
from geo.hazards.footprints import Footprint
from geo.hazards.model import ConcentrationUnit
from geo.hazards.raising import HazardTimes

# HSE's loads have n from 1 (methyl isocyanate) to 4 (hydrogen sulphide); ten Berge found 0.8 to 3.5.
EXPONENT_MIN, EXPONENT_MAX = 0.5, 5.0
# Assigned protection factors: 29 CFR 1910.134(d)(3)(i)(A), table 1. Given a mask that fits and, of filters, one for the
# agent: a filter does not help against an agent it does not hold, nor where oxygen is short.
APF_HALF_MASK, APF_FULL_MASK, APF_BREATHING_APPARATUS = 10.0, 50.0, 10_000.0
# Litres that a mole of an ideal gas fills at 25 Cel and 101.325 kPa, as in the NIOSH Pocket Guide's conversions.
MOLE_L = 24.465
_MS_A_MIN = 60_000.0


class LoadLaw(msgspec.Struct, frozen=True):
    """How an agent's toxic load is reckoned: C^n t, C in ``unit``, t in minutes. ``molar_mass_g_mol`` converts."""

    agent: str
    exponent: float
    unit: ConcentrationUnit
    source: str
    molar_mass_g_mol: float | None = None


class Protection(msgspec.Struct, frozen=True):
    """What a person breathes through: what is outside over ``factor``; ``air_s``: how long it lasts, None: for good."""

    factor: float = 1.0
    air_s: float | None = None


NO_PROTECTION = Protection()


class DoseRates(msgspec.Struct, frozen=True):
    """Toxic load a minute on each arc, unprotected: from ``starts_ms[k]`` on ``per_min[k]``, float64 (k, m)."""

    law: LoadLaw
    starts_ms: npt.NDArray[np.int64]
    per_min: Floats


class PathDose(msgspec.Struct, frozen=True):
    """A path's toxic load, in all and arc by arc (p). ``air_left_s`` None: no limit; below 0: so long without air."""

    load: float
    by_arc: Floats
    air_left_s: float | None


def dose_rates(times: HazardTimes, law: LoadLaw, from_ms: int = 0) -> DoseRates:
    """The load a minute on every arc by the slices from an offset on, the same slices as ``times.sliced``.

    Of one hazard's areas the fullest counts, different hazards' add up. An arc that is touched at all is breathed in
    full: an upper bound. Raises Invalid (geo.dose_invalid) for a law that is none, or air in a unit it can not turn.
    """
    _check_law(law)
    starts = times.starts_ms(from_ms)
    rates = np.zeros((len(starts), times.arcs))
    for row, start in zip(rates, starts.tolist(), strict=True):
        held = np.zeros(times.arcs)
        for found in times.touched_at(start + from_ms).values():
            most = np.zeros(times.arcs)
            for footprint, arcs in found:
                most[arcs] = np.maximum(most[arcs], _held(footprint, law))
            held += most
        row[:] = held**law.exponent
    return DoseRates(law, starts, rates)


def arc_loads(rates: DoseRates, millis: Ints, protection: Protection = NO_PROTECTION) -> Floats:
    """The load of walking each arc at each slice's rate and time (k, m), as long as the air lasts; BANNED arcs: inf.

    A second weight beside the times, for whoever looks for ways that trade one for the other.
    """
    _check_protection(protection)
    loads = rates.per_min * (millis / _MS_A_MIN) / protection.factor**rates.law.exponent
    return np.where(millis == BANNED, np.inf, loads)


def path_dose(
    rates: DoseRates,
    arcs: npt.ArrayLike,
    leaves_ms: npt.ArrayLike,
    reaches_ms: npt.ArrayLike,
    protection: Protection = NO_PROTECTION,
) -> PathDose:
    """The load of a path (p arcs), each entered at ``leaves_ms`` and over at ``reaches_ms``, slice by slice.

    Who stands between two arcs breathes the fuller air of both, counted with the second. The mask is on from the path's
    start; when its air has run out the rest is breathed unprotected. Raises Invalid (geo.dose_invalid) for moments that
    do not follow one another, or a mask that is none.
    """
    _check_protection(protection)
    taken = np.asarray(arcs, dtype=np.int64)
    leaves, reaches = np.asarray(leaves_ms, dtype=np.float64), np.asarray(reaches_ms, dtype=np.float64)
    fits = leaves.shape == reaches.shape == taken.shape
    moments = np.column_stack((leaves, reaches)).ravel() if fits else leaves
    if not fits or (np.diff(moments) < 0).any():
        raise _invalid("leaves_ms", "the moments of a path follow one another", "路径时刻须递增", None)
    begins, ends = (float(moments[0]), float(moments[-1])) if len(taken) else (0.0, 0.0)
    dry = math.inf if protection.air_s is None else begins + protection.air_s * 1_000
    walked = rates.per_min[:, taken].T
    by_arc = _breathed(rates, walked, leaves, reaches, dry, protection)
    stood = np.maximum(walked[1:], walked[:-1])
    by_arc[1:] += _breathed(rates, stood, reaches[:-1], leaves[1:], dry, protection)
    return PathDose(float(by_arc.sum()), by_arc, None if protection.air_s is None else (dry - ends) / 1_000)


def _breathed(
    rates: DoseRates, per_min: Floats, entered: Floats, left: Floats, dry: float, protection: Protection
) -> Floats:
    """What is breathed from ``entered`` to ``left`` (p) in air of ``per_min`` (p, k), masked until ``dry``."""
    opens = rates.starts_ms.astype(np.float64)
    opens[0] = -math.inf
    closes = np.append(opens[1:], math.inf)
    within = _overlap(entered, left, opens, closes)
    masked = _overlap(np.minimum(entered, dry), np.minimum(left, dry), opens, closes)
    shares = masked / protection.factor**rates.law.exponent + (within - masked)
    return np.asarray((per_min * shares).sum(axis=1) / _MS_A_MIN)


def _overlap(entered: Floats, left: Floats, opens: Floats, closes: Floats) -> Floats:
    """How long each arc (p) is walked in each slice (k): ms (p, k)."""
    shared = np.minimum(left[:, None], closes) - np.maximum(entered[:, None], opens)
    return np.asarray(np.maximum(shared, 0.0))


def _held(footprint: Footprint, law: LoadLaw) -> float:
    """The law's agent in a footprint's air, in the law's unit."""
    for it in footprint.air:
        if it.agent == law.agent:
            if it.unit == law.unit:
                return it.value
            if law.molar_mass_g_mol is None:
                raise _invalid(
                    "molar_mass_g_mol", f"no molar mass turns {it.unit} into {law.unit}", "缺少摩尔质量，无法换算", None
                )
            mg_m3_a_ppm = law.molar_mass_g_mol / MOLE_L
            return it.value * mg_m3_a_ppm if law.unit == "mg/m3" else it.value / mg_m3_a_ppm
    return 0.0


def _check_law(law: LoadLaw) -> None:
    if not EXPONENT_MIN <= law.exponent <= EXPONENT_MAX:
        raise _invalid(
            "exponent",
            f"n is {EXPONENT_MIN} to {EXPONENT_MAX}",
            f"n 须为 {EXPONENT_MIN} 至 {EXPONENT_MAX}",
            law.exponent,
        )
    if not law.source.strip():
        raise _invalid("source", "a toxic load states its source", "毒性负荷须注明来源", law.source)
    if law.molar_mass_g_mol is not None and not 1 <= law.molar_mass_g_mol <= 1_000:
        raise _invalid("molar_mass_g_mol", "a molar mass is 1 to 1000 g/mol", "摩尔质量无效", law.molar_mass_g_mol)


def _check_protection(protection: Protection) -> None:
    if not 1 <= protection.factor <= APF_BREATHING_APPARATUS:
        raise _invalid("factor", "a protection factor is 1 to 10,000", "防护因数须为 1 至 10000", protection.factor)
    if protection.air_s is not None and not 0 <= protection.air_s <= 86_400:
        raise _invalid("air_s", "air lasts 0 s to a day", "供气时间须为 0 秒至一天", protection.air_s)


def _invalid(field: str, en: str, zh: str, value: object) -> Invalid:
    return Invalid("geo.dose_invalid", en, zh, field=field, value=value)
