"""Guidance as it crosses the wire, and by which law doses are reckoned."""

from __future__ import annotations

import msgspec
import pytest

from core.errors import Invalid
from geo.guidance import Danger, Guided
from geo.hazards.dose import APF_FULL_MASK, NO_PROTECTION, Protection
from geo.hazards.model import Concentration
from geo.site_map import SiteMap, Standing
from incidents.alarms.agents import AGENTS
from incidents.exposure.exposure_limits import LIMITS
from incidents.wayfinding.dose_laws import danger_of, protection_of, short_limit
from incidents.wayfinding.telling import least_harm_view, route_steps
from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteStep
from mobile_contract.wayfinding_questions import MaskName
from tests.example_buildings import two_corridors
from tests.unit.test_geo_guidance import EAST, ban, told

NAMES = {"leak": Text("泄漏区", "the leak")}


@pytest.fixture(scope="module")
def site() -> SiteMap:
    return SiteMap(two_corridors().plan())


def leak(agent: str, value: float) -> Standing:
    found = ban("leak", EAST)
    (part,) = found.hazard.slices
    areas = [msgspec.structs.replace(it, air=[Concentration(agent, value, "mg/m3")]) for it in part.areas]
    slices = [msgspec.structs.replace(part, areas=areas)]
    return Standing(msgspec.structs.replace(found.hazard, slices=slices))


def test_a_way_is_its_steps_in_order_with_their_words(site: SiteMap) -> None:
    found = told(site, [])
    steps = route_steps(found)
    assert [it.n for it in steps] == list(range(1, len(steps) + 1))
    assert (steps[0].kind, steps[-1].kind, steps[-1].code) == ("start", "arrive", "A")
    assert found.directions is not None
    assert sum(it.millis for it in steps) == found.directions.millis
    assert any("North Door 1" in it.text.en for it in steps)
    assert any("北一门" in it.text.zh for it in steps)
    for step in steps:
        for place in step.line["coordinates"]:
            assert [round(it, 7) for it in place] == place
    assert msgspec.json.decode(msgspec.json.encode(steps), type=list[RouteStep]) == steps


def test_a_safe_way_has_no_least_harm(site: SiteMap) -> None:
    assert least_harm_view(told(site, []), NAMES, Danger()) is None


def test_nobody_is_told_steps_of_no_way() -> None:
    assert route_steps(Guided("no_route")) == []


def test_the_least_harm_names_its_hazards_and_its_share_of_the_limit(site: SiteMap) -> None:
    danger = danger_of("acetone", NO_PROTECTION)
    found = told(site, [leak("acetone", 900.0)], danger=danger)
    assert found.state == "no_safe_route"
    view = least_harm_view(found, NAMES, danger)
    assert view is not None
    assert view.hazards == [NAMES["leak"]]
    assert view.limit == Text("GBZ 2.1 的 15 分钟接触限值（450 mg/m3）", "the 15 min limit of GBZ 2.1 (450 mg/m3)")
    # Twice the limit for the time in it, of the quarter of an hour it is for; a node's arc is breathed whole.
    assert view.share == pytest.approx(2 * view.exposed_s / (15 * 60), rel=1e-6)
    assert view.unmeasured_s == 0
    assert {it["line"]["type"] for it in view.lines} == {"LineString"}


def test_where_nobody_measured_there_is_no_share(site: SiteMap) -> None:
    danger = danger_of("acetone", NO_PROTECTION)
    view = least_harm_view(told(site, [ban("drawn", EAST)], danger=danger), NAMES, danger)
    assert view is not None
    assert (view.share, view.limit) == (None, None)
    assert view.unmeasured_s > 0
    assert view.hazards == [Text("drawn", "drawn")]


def test_a_mask_divides_the_dose_by_its_factor(site: SiteMap) -> None:
    shares = []
    masks: list[MaskName] = ["none", "full"]
    for mask in masks:
        danger = danger_of("acetone", protection_of(mask))
        view = least_harm_view(told(site, [leak("acetone", 900.0)], danger=danger), NAMES, danger)
        assert view is not None
        assert view.share is not None
        shares.append(view.share)
    assert shares[0] == pytest.approx(APF_FULL_MASK * shares[1])


@pytest.mark.parametrize(
    ("agent", "load", "limit"),
    [
        ("acetone", 450.0 * 15, "the 15 min limit of GBZ 2.1 (450 mg/m3)"),
        ("hydrogen-fluoride", 2.0, "a minute at the ceiling of GBZ 2.1 (2 mg/m3)"),
        # GBZ has none, NIOSH only a mean over a shift.
        ("ethanol", 1_000.0 * 15, "the 15 min limit of ACGIH TLV (1000 ppm)"),
    ],
)
def test_the_limit_is_the_short_term_one_or_a_minute_at_the_ceiling(agent: str, load: float, limit: str) -> None:
    danger = danger_of(agent, NO_PROTECTION)
    assert danger.limit_load == load
    assert danger.limit is not None
    assert danger.limit.en == limit
    assert (danger.law.exponent, danger.law.agent) == (1.0, agent)
    assert danger.law.molar_mass_g_mol == AGENTS[agent].molar_mass
    assert danger.law.source.strip()


@pytest.mark.parametrize("agent", [None, "hydrogen", "oxygen", "something else"])
def test_of_what_has_no_limit_no_dose_is_known(agent: str | None) -> None:
    danger = danger_of(agent, NO_PROTECTION)
    assert (danger.limit_load, danger.limit) == (None, None)
    assert danger.law == Danger().law


def test_every_agent_with_a_limit_has_a_short_one_and_a_mass() -> None:
    for agent in {row.agent for row in LIMITS}:
        assert short_limit(agent) is not None
        assert AGENTS[agent].molar_mass is not None


@pytest.mark.parametrize(
    ("mask", "air_min", "protection"),
    [
        ("none", None, NO_PROTECTION),
        ("half", None, Protection(10.0)),
        ("full", 20.0, Protection(50.0, 1_200.0)),
        ("breathing_apparatus", 30.0, Protection(10_000.0, 1_800.0)),
    ],
)
def test_a_mask_protects_by_its_assigned_factor(mask: MaskName, air_min: float | None, protection: Protection) -> None:
    assert protection_of(mask, air_min) == protection


@pytest.mark.parametrize(
    ("mask", "air_min"),
    [("none", 5.0), ("breathing_apparatus", None), ("full", -1.0), ("full", 1_441.0), ("full", float("nan"))],
)
def test_air_that_can_not_be_is_refused(mask: MaskName, air_min: float | None) -> None:
    with pytest.raises(Invalid) as refused:
        protection_of(mask, air_min)
    assert refused.value.code == "wayfinding.mask_invalid"
    assert refused.value.field == "air_min"
