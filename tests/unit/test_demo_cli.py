"""What ``muster demo`` takes and what the plant says to it."""

from __future__ import annotations

import argparse

import pytest

from core.errors import Invalid
from muster.demo import cli
from muster.demo.control import Request
from muster.demo.plant import LEAKS, Plant
from muster.demo.world import World
from muster.device_link import parse_broker


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    return parser


def _plant() -> Plant:
    return Plant(parse_broker("mqtt://127.0.0.1:1883"), World())


@pytest.mark.parametrize("scenario", cli.SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_every_scenario_can_be_asked_for_by_its_name_alone(scenario: cli.Scenario) -> None:
    args = _parser().parse_args([scenario.name])
    assert (args.fault, args.scenario) == (scenario.name, scenario)


def test_every_leak_of_the_plant_has_its_scenario_with_how_fast_and_how_long() -> None:
    for name, leak in LEAKS.items():
        args = _parser().parse_args([name, "--minutes", "3", "--no-watch", "--locale", "zh-CN"])
        assert (args.minutes, args.no_watch, args.locale) == (3.0, True, "zh-CN")
        release = {"leak": cli.LEAK, "hf": cli.HF, "oxygen": cli.OXYGEN}[name]
        assert 0 < args.rate / release.per_g_s <= leak.max_g_s
        assert (release.unit, release.per_g_s) == (leak.unit, leak.per_g_s)


@pytest.mark.parametrize(("fault", "zone"), [("leak", "solvent-store"), ("hf", "hf-room"), ("oxygen", "nitrogen-room")])
def test_the_plant_leaks_where_it_is_told_and_says_so_in_both_languages(fault: str, zone: str) -> None:
    plant = _plant()
    answer = plant.handle(Request("token", fault, rate_g_s=0.5, minutes=1.0))
    assert answer.zh != answer.text
    assert {place for place, station in plant.world.stations.items() if station.leaking} == {zone}
    assert answer.status["leaking"] is True
    plant.handle(Request("token", "stop"))
    status = plant.handle(Request("token", "status"))
    assert status.status["leaking"] is False
    assert "HF room: hydrogen fluoride 0.00 mg/m3, fan off (0 %), valve open, no leak" in status.text


def test_more_than_the_plant_can_do_is_refused_with_the_limit() -> None:
    with pytest.raises(Invalid, match=r"rate 2 is not in \(0, 1\]"):
        _plant().handle(Request("token", "hf", rate_g_s=2.0, minutes=1.0))
    with pytest.raises(Invalid, match="no 'flood'"):
        _plant().handle(Request("token", "flood"))
