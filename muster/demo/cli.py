"""``muster demo``: what can happen to the demo plant."""

from __future__ import annotations

import argparse
import asyncio
import os

from msgspec.structs import replace

from core.settings import load_settings
from muster.addresses import broker_url
from muster.demo import control
from muster.demo.drill import WATCH_S, run_drill
from muster.demo.plant import run_plant

# A hose's pinhole: 4 g/s wets 2.6 m2 and evaporates as fast as it leaks within half a minute; a minute of it, 240 g,
# would bring the closed store to a sixth of the LEL.
LEAK_G_S, LEAK_MINUTES = 4.0, 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The faults of ``muster demo``."""
    faults = parser.add_subparsers(dest="fault", required=True, metavar="WHAT")
    leak = faults.add_parser("leak", help="Acetone leaks in the solvent store.")
    leak.add_argument("--rate", type=float, default=LEAK_G_S, metavar="G_S", help="grams a second (%(default)s)")
    leak.add_argument("--minutes", type=float, default=LEAK_MINUTES, help="until the drum is empty (%(default)s)")
    faults.add_parser("stuck-fan", help="The fan obeys nothing and says nothing.")
    mute = faults.add_parser("mute-sensor", help="A detector goes silent.")
    mute.add_argument("device", nargs="?", default="gas-store-1", help="which one (%(default)s)")
    drill = faults.add_parser("drill", help="The solvent plan is practised; no machine moves.")
    drill.add_argument("--seconds", type=float, default=WATCH_S, help="watch this long at most (%(default)s)")
    faults.add_parser("stop", help="End every leak and fault.")
    faults.add_parser("status", help="What the plant is like now.")
    faults.add_parser("plant", help="Run the plant's devices in this process.")


def run(args: argparse.Namespace) -> int:
    """Tell the running plant; returns the exit status."""
    settings = load_settings(os.environ)
    if args.fault == "plant":
        return run_plant(replace(settings, mqtt_url=broker_url(settings)))
    if args.fault == "drill":
        return run_drill(settings, args.seconds)
    answer = asyncio.run(
        control.send(
            settings.data_path,
            args.fault,
            rate_g_s=getattr(args, "rate", 0.0),
            minutes=getattr(args, "minutes", 0.0),
            device=getattr(args, "device", ""),
        )
    )
    print(answer.text)
    return 0
