"""``muster demo``: what can happen to the demo plant."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import get_args

import msgspec
from msgspec.structs import replace

from core.settings import Settings, load_settings
from mobile_contract.sos import SosKind
from muster.addresses import broker_url
from muster.demo import control, narrator, sos
from muster.demo.drill import WATCH_S, run_drill
from muster.demo.plant import run_plant


class Scenario(msgspec.Struct, frozen=True):
    """One thing to do with the demo plant; ``perform`` returns the exit status."""

    name: str
    help: str
    perform: Callable[[argparse.Namespace, Settings], int]
    add_arguments: Callable[[argparse.ArgumentParser], None] = lambda _: None


class Release(msgspec.Struct, frozen=True):
    """What escapes if nothing else is said: ``rate`` in ``unit``, of which ``per_g_s`` are a gram a second.

    ``walked``: a responder takes the order and walks its way.
    """

    rate: float
    unit: str
    minutes: float
    per_g_s: float = 1.0
    walked: bool = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """How fast, how long, and whether to tell what follows."""
        parser.add_argument(
            "--rate", type=float, default=self.rate, metavar=self.unit.upper().replace("/", "_"),
            help=f"{self.unit} (%(default)g)",
        )  # fmt: skip
        parser.add_argument("--minutes", type=float, default=self.minutes, help="until it is empty (%(default)g)")
        if self.walked:
            parser.add_argument("--no-walker", action="store_true", help="nobody takes the order and walks its way")
        narrator.add_arguments(parser)

    def perform(self, args: argparse.Namespace, settings: Settings) -> int:
        """Let it escape, and tell what follows until every alarm is back to normal."""
        rate_g_s = args.rate / self.per_g_s

        def begin() -> Awaitable[control.Answer]:
            return control.send(settings.data_path, args.fault, rate_g_s=rate_g_s, minutes=args.minutes)

        return narrator.run(args, settings, begin)


# A hose's pinhole: 4 g/s wets 2.6 m2 and evaporates as fast as it leaks within half a minute; a minute of it, 240 g,
# would bring the closed store to a sixth of the LEL.
LEAK = Release(4.0, "g/s", 1.0, walked=True)
# A cylinder's fitting that weeps: 36 mg/s bring the closed room to the first level, 2 mg/m3, in two seconds, which slow
# cells show after ten; a minute of it would be 60 mg/m3, twice the IDLH of 30 ppm (25 mg/m3).
HF = Release(36.0, "mg/s", 2.0, per_g_s=1000.0)
# A transfer hose that came off: 250 g/s, 0.3 L/s of liquid, bring the room below 18 % within a minute, fan or not; that
# is when the plan shuts the valve.
OXYGEN = Release(250.0, "g/s", 5.0)


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", nargs="?", default="gas-store-1", help="which one (%(default)s)")


def _tell_plant(args: argparse.Namespace, settings: Settings) -> int:
    answer = asyncio.run(control.send(settings.data_path, args.fault, device=getattr(args, "device", "")))
    print(answer.text)
    return 0


def _run_plant(_: argparse.Namespace, settings: Settings) -> int:
    return run_plant(replace(settings, mqtt_url=broker_url(settings)))


def _add_sos(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", choices=get_args(SosKind), default="medical", help="what they need (%(default)s)")


def _press(args: argparse.Namespace, settings: Settings) -> int:
    print(asyncio.run(sos.press(settings, args.kind)))
    return 0


def _add_drill(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=WATCH_S, help="watch this long at most (%(default)s)")


def _practise(args: argparse.Namespace, settings: Settings) -> int:
    return run_drill(settings, args.seconds)


SCENARIOS = (
    Scenario("leak", "Acetone leaks in the solvent store.", LEAK.perform, LEAK.add_arguments),
    Scenario("hf", "Hydrogen fluoride escapes in the gas house.", HF.perform, HF.add_arguments),
    Scenario("oxygen", "Nitrogen takes the oxygen's place in the gas house.", OXYGEN.perform, OXYGEN.add_arguments),
    Scenario("sos", "A worker holds the button: a call for help, silent on their phone.", _press, _add_sos),
    Scenario("drill", "The solvent plan is practised; no machine moves.", _practise, _add_drill),
    Scenario("stuck-fan", "The fans obey nothing and say nothing.", _tell_plant),
    Scenario("mute-sensor", "A detector goes silent.", _tell_plant, _add_device),
    Scenario("stop", "End every leak and fault.", _tell_plant),
    Scenario("status", "What the plant is like now.", _tell_plant),
    Scenario("plant", "Run the plant's devices in this process.", _run_plant),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The scenarios of ``muster demo``."""
    found = parser.add_subparsers(dest="fault", required=True, metavar="WHAT")
    for scenario in SCENARIOS:
        sub = found.add_parser(scenario.name, help=scenario.help, description=scenario.help)
        scenario.add_arguments(sub)
        sub.set_defaults(scenario=scenario)


def run(args: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    scenario: Scenario = args.scenario
    return scenario.perform(args, load_settings(os.environ))
