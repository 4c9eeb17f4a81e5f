"""How much of a gas the air holds downwind of a leak: the Gaussian plume and puff. Pure.

Plume (steady): Turner, Workbook of Atmospheric Dispersion Estimates (1970), equation 3.1, with Briggs' widths for open
country (Briggs, Diffusion estimation for small emissions, ATDL 79, 1973; Hanna, Briggs and Hosker, Handbook on
Atmospheric Diffusion, DOE/TIC-11223, 1982, table 4.5). Puff (all at once): Turner's chapter 5, with the puff widths of
CCPS, Guidelines for Consequence Analysis of Chemical Releases (1999), after Slade 1968: a plume's widths hold the
meandering of ten minutes, which a single puff does not do, and would thin its core. The ground reflects all of it.

Holds for 100 m to 10 km downwind, level open ground, a gas of about the air's weight, means of about ten minutes.
Nearer, the widths are extended to the source; further, nothing is said. Not for dense or boiling clouds, nor between
buildings, where it can be wrong by more than the factor of two it has in the open.

Below 1 m/s the direction of a wind means nothing and the formula divides by its speed: it is taken as 1 m/s (EPA-454/
R-99-005, 6.2.3) blowing in every direction at once.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph.csr import Floats
from geo.hazards.stability import WIND_MAX_M_S, StabilityClass

NEAREST_M = 1.0
"""Nearer to the source than this the concentration is that at this distance: a leak is no point."""
FURTHEST_M = 10_000.0
VALID_FROM_M = 100.0
CALM_M_S = 1.0
# The tallest stack stands 420 m; a kilotonne a second, or a megatonne at once, is no leak.
HEIGHT_MAX_M = 500.0
AMOUNT_MAX_MG = 1e15

# sigma_y = a x / sqrt(1 + 0.0001 x); sigma_z = b x (1 + c x)^d. Metres.
_BRIGGS: dict[StabilityClass, tuple[float, float, float, float]] = {
    "A": (0.22, 0.20, 0.0, 0.0),
    "B": (0.16, 0.12, 0.0, 0.0),
    "C": (0.11, 0.08, 0.0002, -0.5),
    "D": (0.08, 0.06, 0.0015, -0.5),
    "E": (0.06, 0.03, 0.0003, -1.0),
    "F": (0.04, 0.016, 0.0003, -1.0),
}
# sigma_x = sigma_y = a x^b; sigma_z = c x^d. Metres.
_PUFF: dict[StabilityClass, tuple[float, float, float, float]] = {
    "A": (0.18, 0.92, 0.60, 0.75),
    "B": (0.14, 0.92, 0.53, 0.73),
    "C": (0.10, 0.92, 0.34, 0.71),
    "D": (0.06, 0.92, 0.15, 0.70),
    "E": (0.04, 0.92, 0.10, 0.65),
    "F": (0.02, 0.89, 0.05, 0.61),
}


class Wind(msgspec.Struct, frozen=True):
    """A wind at 10 m: degrees from north where it comes from, m/s, and how the air mixes."""

    from_deg: float
    speed_m_s: float
    stability: StabilityClass

    @property
    def calm(self) -> bool:
        """Too little wind to have a direction."""
        return self.speed_m_s < CALM_M_S

    @property
    def carrying_m_s(self) -> float:
        """The speed that is reckoned with."""
        return max(self.speed_m_s, CALM_M_S)


class Leak(msgspec.Struct, frozen=True):
    """A leak: where (metres of the site's projection), how high above ground (m), how much.

    ``amount_mg``: milligrams a second of a plume, milligrams of a puff.
    """

    x: float
    y: float
    height_m: float
    amount_mg: float


def plume_widths(stability: StabilityClass, downwind_m: npt.ArrayLike) -> tuple[Floats, Floats]:
    """sigma_y and sigma_z (m) of a plume at distances downwind (m, above 0)."""
    x = np.asarray(downwind_m, dtype=np.float64)
    a, b, c, d = _BRIGGS[stability]
    return a * x / np.sqrt(1 + 0.0001 * x), b * x * (1 + c * x) ** d


def puff_widths(stability: StabilityClass, travelled_m: npt.ArrayLike) -> tuple[Floats, Floats]:
    """sigma_y (which is sigma_x) and sigma_z (m) of a puff that has travelled so far (m, above 0)."""
    x = np.asarray(travelled_m, dtype=np.float64)
    a, b, c, d = _PUFF[stability]
    return a * x**b, c * x**d


def plume_mg_m3(leak: Leak, wind: Wind, points: npt.ArrayLike, height_m: float = 0.0) -> Floats:
    """What a steady leak makes of the air at points (n, 2) in metres, ``height_m`` above ground: mg/m3 (n).

    Nothing upwind of it and nothing further than FURTHEST_M. Raises Invalid for a wind or a leak that is none.
    """
    check_wind(wind)
    check_leak(leak)
    downwind, across = along_wind(leak, wind, points)
    return plume_on_axes(leak, wind, downwind, across, height_m)


def puff_mg_m3(leak: Leak, wind: Wind, points: npt.ArrayLike, after_s: float, height_m: float = 0.0) -> Floats:
    """What a leak all at once makes of the air ``after_s`` seconds later: mg/m3 (n).

    Nothing once it is FURTHEST_M away. Raises Invalid for a wind, a leak or a time that is none.
    """
    check_wind(wind)
    check_leak(leak)
    if not (math.isfinite(after_s) and after_s >= 0):
        raise _invalid("after_s", "a time after the leak is 0 s or more", "时间须不小于 0 秒", after_s)
    travelled = max(wind.carrying_m_s * after_s, NEAREST_M)
    downwind, across = along_wind(leak, wind, points)
    if travelled > FURTHEST_M:
        return np.zeros(len(downwind))
    sigma_y, sigma_z = puff_widths(wind.stability, travelled)
    # In a calm it drifts anywhere: as near to its middle as it can be.
    off = np.maximum(downwind - travelled, 0.0) if wind.calm else np.hypot(downwind - travelled, across)
    spread = (2 * math.pi) ** 1.5 * sigma_y**2 * sigma_z
    level: Floats = leak.amount_mg / spread * np.exp(-0.5 * (off / sigma_y) ** 2)
    return level * reflected(leak, height_m, sigma_z)


def along_wind(leak: Leak, wind: Wind, points: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Points (n, 2) -> metres downwind and metres across, of the leak. In a calm every way is downwind."""
    given = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    dx, dy = given[:, 0] - leak.x, given[:, 1] - leak.y
    if wind.calm:
        return np.hypot(dx, dy), np.zeros(len(given))
    east, north = blows_to(wind)
    return dx * east + dy * north, dx * north - dy * east


def blows_to(wind: Wind) -> tuple[float, float]:
    """The unit vector east and north in which a wind carries: away from where it comes from."""
    angle = math.radians(wind.from_deg)
    return -math.sin(angle), -math.cos(angle)


def plume_on_axes(leak: Leak, wind: Wind, downwind_m: Floats, across_m: Floats, height_m: float = 0.0) -> Floats:
    """The plume at metres downwind and across: mg/m3. What is given is not checked."""
    reached = (downwind_m > 0) & (downwind_m <= FURTHEST_M)
    sigma_y, sigma_z = plume_widths(wind.stability, np.clip(downwind_m, NEAREST_M, FURTHEST_M))
    spread = 2 * math.pi * wind.carrying_m_s * sigma_y * sigma_z
    return np.where(
        reached,
        leak.amount_mg / spread * np.exp(-0.5 * (across_m / sigma_y) ** 2) * reflected(leak, height_m, sigma_z),
        0.0,
    )


def reflected(leak: Leak, height_m: float, sigma_z: Floats) -> Floats:
    """The vertical part: the leak and its mirror image under the ground."""
    direct: Floats = np.exp(-0.5 * ((height_m - leak.height_m) / sigma_z) ** 2)
    mirrored: Floats = np.exp(-0.5 * ((height_m + leak.height_m) / sigma_z) ** 2)
    return direct + mirrored


def check_wind(wind: Wind) -> None:
    """Raise Invalid (geo.wind_invalid) unless speed and direction are such."""
    if not -360 <= wind.from_deg <= 360:
        raise _no_wind("from_deg", "a wind comes from -360 to 360 degrees", "风向须为 -360 至 360 度", wind.from_deg)
    if not 0 <= wind.speed_m_s <= WIND_MAX_M_S:
        raise _no_wind(
            "speed_m_s",
            f"a wind is 0 to {WIND_MAX_M_S:.0f} m/s",
            f"风速须为 0 至 {WIND_MAX_M_S:.0f} 米/秒",
            wind.speed_m_s,
        )
    if wind.stability not in _BRIGGS:
        raise _no_wind("stability", "a stability class is A to F", "稳定度须为 A 至 F", wind.stability)


def check_leak(leak: Leak) -> None:
    """Raise Invalid (geo.leak_invalid) unless place, height and amount are such."""
    if not (math.isfinite(leak.x) and math.isfinite(leak.y)):
        raise _invalid("x", "a leak has a place", "泄漏点须有坐标", [leak.x, leak.y])
    if not 0 <= leak.height_m <= HEIGHT_MAX_M:
        raise _invalid(
            "height_m",
            f"a leak is 0 to {HEIGHT_MAX_M:.0f} m high",
            f"高度须为 0 至 {HEIGHT_MAX_M:.0f} 米",
            leak.height_m,
        )
    if not 0 < leak.amount_mg <= AMOUNT_MAX_MG:
        raise _invalid("amount_mg", "a leak is above 0 and at most a megatonne", "泄漏量须大于 0", leak.amount_mg)


def _no_wind(field: str, en: str, zh: str, value: object) -> Invalid:
    return Invalid("geo.wind_invalid", en, zh, field=field, value=value)


def _invalid(field: str, en: str, zh: str, value: object) -> Invalid:
    return Invalid("geo.leak_invalid", en, zh, field=field, value=value)
