"""How much the air mixes: Pasquill's stability class from the wind, the sun and the clouds. Pure.

Pasquill, The estimation of the dispersion of windborne material, Meteorological Magazine 90 (1961), 33-49; the table as
in Turner, Workbook of Atmospheric Dispersion Estimates (US PHS 999-AP-26, 1970), table 3-1, with NOAA's reading of it
for nights of less than 2 m/s (E and F), where Pasquill left blanks. Open country, wind at 10 m.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from core.errors import Invalid

StabilityClass: TypeAlias = Literal["A", "B", "C", "D", "E", "F"]
"""A: very unstable, D: neutral, F: stable."""
Sky: TypeAlias = Literal["strong", "moderate", "slight", "overcast", "night_cloudy", "night_clear"]
"""By day how strong the sun is; ``overcast`` by day and night, and the hour about sunrise and sunset; ``night_cloudy``:
more than half of the sky under low cloud."""

# No storm over land was faster for ten minutes.
WIND_MAX_M_S = 75.0
# The sun goes down by 11 to 13 degrees an hour between 31 and 50 north at the equinoxes.
NIGHT_BELOW_DEG = 10.0

# Of a class between two (A-B) the more stable: the cloud goes further, so it is the cautious one.
_TABLE: tuple[tuple[float, dict[Sky, StabilityClass]], ...] = (
    (2.0, {"strong": "A", "moderate": "B", "slight": "B", "night_cloudy": "E", "night_clear": "F"}),
    (3.0, {"strong": "B", "moderate": "B", "slight": "C", "night_cloudy": "E", "night_clear": "F"}),
    (5.0, {"strong": "B", "moderate": "C", "slight": "C", "night_cloudy": "D", "night_clear": "E"}),
    (6.0, {"strong": "C", "moderate": "D", "slight": "D", "night_cloudy": "D", "night_clear": "D"}),
    (math.inf, {"strong": "C", "moderate": "D", "slight": "D", "night_cloudy": "D", "night_clear": "D"}),
)


def stability_class(wind_m_s: float, sky: Sky) -> StabilityClass:
    """The class of a wind (m/s) under a sky. Raises Invalid for a wind that is none."""
    if not 0 <= wind_m_s <= WIND_MAX_M_S:
        raise Invalid(
            "geo.wind_invalid",
            f"a wind is 0 to {WIND_MAX_M_S:.0f} m/s",
            f"风速须为 0 至 {WIND_MAX_M_S:.0f} 米/秒",
            field="wind_m_s",
            value=wind_m_s,
            limit=WIND_MAX_M_S,
        )
    if sky == "overcast":
        return "D"
    return next(row[sky] for below, row in _TABLE if wind_m_s < below)


def sky_of(sun_elevation_deg: float, cloud_eighths: int, *, low_cloud: bool | None = None) -> Sky:
    """The sky from the sun's elevation (degrees) and the cloud cover (0 to 8 eighths).

    Above 60 degrees the sun is strong, above 35 moderate, above 15 slight (Turner, A diffusion model for an urban area,
    Journal of Applied Meteorology 3 (1964), 83-91). Pasquill's night begins an hour before sunset, which is about 10
    degrees, and the hour before it is neutral. Cloud of 5 to 7 eighths takes one step of the sun, low cloud two (Turner
    1970, chapter 3). ``low_cloud`` None: nobody knows, the more stable air of the two.
    """
    if not -90 <= sun_elevation_deg <= 90:
        raise _no_sky(
            "sun_elevation_deg", "the sun stands within 90 degrees", "太阳高度角须在 ±90 度内", sun_elevation_deg
        )
    if not 0 <= cloud_eighths <= 8:
        raise _no_sky("cloud_eighths", "cloud cover is 0 to 8 eighths", "云量须为 0 至 8", cloud_eighths)
    if cloud_eighths == 8:
        return "overcast"
    broken = cloud_eighths > 4
    if sun_elevation_deg < NIGHT_BELOW_DEG:
        return "night_cloudy" if broken and low_cloud else "night_clear"
    steps = sum(sun_elevation_deg > border for border in (15, 35, 60))
    if steps and broken:
        # The sun that is left is slight at the least: through broken cloud some of it comes down.
        steps = max(steps - (1 if low_cloud is False else 2), 1)
    by_steps: tuple[Sky, ...] = ("overcast", "slight", "moderate", "strong")
    return by_steps[steps]


def _no_sky(field: str, en: str, zh: str, value: float) -> Invalid:
    return Invalid("geo.sky_invalid", en, zh, field=field, value=value)
