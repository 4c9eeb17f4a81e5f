"""The demo's plan as data: like its zones and doors, without a fault, and no room's loss cuts off another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace
from shapely import union_all
from shapely.geometry import shape

from geo.graph.connection import reaching
from geo.places.checking import check_network
from geo.places.model import Plan
from geo.places.walking import BADGE_HOLDER, walking_network
from mobile_contract.text import Text
from muster.demo import catalogue, doors
from muster.demo.place_plan import LOBBY, YARD, in_sentence, place_plan
from plant.places.checks import check_drawn, check_publishable, review
from plant.places.model import InstrumentedZone

PLAN = place_plan()
WALLED = {zone.slug: zone for zone in catalogue.ZONES if zone.building is not None}
ROOMS = {room.id: room for room in PLAN.rooms}


def without(lost: str) -> Plan:
    """The plan with every door of a room locked."""
    shut = [replace(door, state="locked") if lost in door.joins else door for door in PLAN.doors]
    return replace(PLAN, doors=shut)


def test_nothing_in_it_forbids_to_publish_and_only_emergency_exits_are_noted() -> None:
    devices = [device.zone for device in catalogue.DEVICES]
    zones = [InstrumentedZone(it.slug, it.polygon, it.level, 1) for it in catalogue.ZONES if it.slug in devices]
    check_drawn(PLAN)
    reviewed = review(PLAN, zones)
    check_publishable(reviewed.report, [])
    assert {finding.kind for finding in reviewed.report.checked} == {"one_way"}
    one_way = {door.id for door in PLAN.doors if door.one_way}
    assert {finding.place for finding in reviewed.report.checked} == one_way
    assert all("out" in door for door in one_way)
    assert reviewed.network is not None
    assert reviewed.network.parts == 1


def test_every_zone_with_walls_is_a_room_of_the_same_outline() -> None:
    assert WALLED.keys() <= ROOMS.keys()
    for slug, zone in WALLED.items():
        assert ROOMS[slug].level == zone.level
        if slug not in ("machine-hall", "corridor"):
            assert ROOMS[slug].polygon == zone.polygon


def test_the_two_parts_of_the_corridor_are_its_zone() -> None:
    parts = [shape(ROOMS[it].polygon) for it in ("corridor", LOBBY)]
    assert parts[0].intersection(parts[1]).area == 0
    assert union_all(parts).symmetric_difference(shape(WALLED["corridor"].polygon)).area < 1e-15


def test_every_reader_hangs_at_a_door_between_the_same_rooms() -> None:
    drawn = {door.id: door for door in PLAN.doors}
    for reader in doors.DOORS:
        if not reader.gate:
            door = drawn[f"door-{reader.door}"]
            assert door.state == "badge"
            zones = {"corridor" if it == LOBBY else it for it in door.joins}
            assert {reader.from_zone, reader.to_zone} - {None} <= zones


@pytest.mark.parametrize("lost", sorted(ROOMS.keys() - {YARD}))
def test_no_room_s_loss_cuts_off_another(lost: str) -> None:
    plan = without(lost)
    network = walking_network(plan, doors=BADGE_HOLDER)
    cut_off = {it.place for it in check_network(network, plan) if it.kind == "unreachable"}
    assert cut_off <= {lost}


@pytest.mark.parametrize("lost", ["corridor", LOBBY, "optics-coating", YARD])
def test_the_solvent_store_is_reached_whichever_of_its_ways_is_lost(lost: str) -> None:
    network = walking_network(without(lost), doors=BADGE_HOLDER)
    store = [number for number, node in enumerate(network.nodes) if node.room == "solvent-store"]
    hall = [number for number, node in enumerate(network.nodes) if node.room == "machine-hall"]
    assert reaching(network.graph, store)[hall].all()


def test_every_name_is_in_both_languages() -> None:
    for name in _names():
        assert name.zh
        assert name.en
    unnamed = {room.id for room in PLAN.rooms if room.name is None}
    assert unnamed == {"stairs-0", "stairs-1", "lift-0", "lift-1"}, "named by their rises"
    assert None not in [thing.name for thing in PLAN.doors]
    assert None not in [thing.name for thing in PLAN.landmarks]


def test_a_door_plate_s_name_is_said_in_a_sentence() -> None:
    assert in_sentence(Text("机加工车间", "Machine hall")) == Text("机加工车间", "the machine hall")
    assert in_sentence(Text("氟化氢间", "HF room")) == Text("氟化氢间", "the HF room")


def _names() -> Iterable[Text]:
    named: list[Any] = [*PLAN.levels, *PLAN.rooms, *PLAN.doors, *PLAN.rises, *PLAN.assembly_points, *PLAN.landmarks]
    return (name for thing in (PLAN, *named) if (name := thing.name) is not None)
