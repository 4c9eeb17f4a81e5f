"""Degrees to metres and back: against the ellipsoid's own distances, and where there is no such projection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from core.errors import Invalid
from geo.projection import Projection

GEOD = Geod(ellps="WGS84")


@given(
    lon=st.floats(-179, 179),
    lat=st.floats(-80, 80),
    bearing=st.floats(0, 360),
    metres=st.floats(1, 5000),
)
def test_lengths_from_the_origin_are_those_of_the_ellipsoid(
    lon: float, lat: float, bearing: float, metres: float
) -> None:
    there_lon, there_lat, _ = GEOD.fwd(lon, lat, bearing, metres)
    x, y = Projection(lon, lat).to_metres([[there_lon, there_lat]])[0]
    # 5 km away the scale is wrong by 3 parts in ten million.
    assert np.hypot(x, y) == pytest.approx(metres, rel=1e-6)


@given(x=st.floats(-20_000, 20_000), y=st.floats(-20_000, 20_000))
def test_there_and_back_is_the_same_place(x: float, y: float) -> None:
    site = Projection(121.44, 31.03)
    assert site.to_metres(site.to_degrees([[x, y]]))[0] == pytest.approx([x, y], abs=1e-4)


@pytest.mark.parametrize("origin", [(181.0, 0.0), (0.0, 85.0), (31.2, 121.4)])
def test_an_origin_that_is_none_is_refused(origin: tuple[float, float]) -> None:
    with pytest.raises(Invalid) as caught:
        Projection(*origin)
    assert (caught.value.field, caught.value.value) == ("origin", list(origin))
