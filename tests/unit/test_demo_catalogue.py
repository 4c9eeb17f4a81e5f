"""The demo plant's data holds together: names are unique and known, rooms share walls and do not overlap."""

from __future__ import annotations

import re

from shapely.geometry import shape

from muster.demo import catalogue
from plant.model import ACTIONS

SLUG = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")


def test_names_are_slugs_and_unique() -> None:
    for group in (catalogue.BUILDINGS, catalogue.ZONES, catalogue.DEVICES):
        slugs = [item.slug for item in group]
        assert len(set(slugs)) == len(slugs)
        assert all(SLUG.match(slug) for slug in slugs)


def test_adjoining_rooms_share_a_wall_and_say_so_both_ways() -> None:
    zones = {zone.slug: zone for zone in catalogue.ZONES}
    metre = 1 / 111_000
    for zone in zones.values():
        for other in zones.values():
            if other is zone or other.level != zone.level:
                continue
            wall = shape(zone.polygon).buffer(0.01 * metre).intersection(shape(other.polygon)).area / (0.01 * metre)
            shared_m = wall / metre
            assert (shared_m > 0.5) == (other.slug in zone.adjoining), (zone.slug, other.slug, shared_m)
            assert (other.slug in zone.adjoining) == (zone.slug in other.adjoining)
            overlap_m2 = shape(zone.polygon).intersection(shape(other.polygon)).area / metre**2
            assert overlap_m2 < 0.01


def test_devices_stand_in_known_zones_and_actuators_know_their_actions() -> None:
    zones = {zone.slug for zone in catalogue.ZONES}
    for device in catalogue.DEVICES:
        assert device.zone in zones
        series = {sensor.series for sensor in device.sensors}
        assert len(series) == len(device.sensors)
        for actuator in device.actuators:
            assert set(actuator.expected) == set(ACTIONS[actuator.kind])
            assert actuator.feedback_series is None or actuator.feedback_series in series


def test_every_building_named_by_a_zone_exists() -> None:
    assert {zone.building for zone in catalogue.ZONES} - {None} == {building.slug for building in catalogue.BUILDINGS}
