"""`python -m bench.ingest`: the highest rate that is sustained, floor and product in one run; or, with --scale, the
gateway's cost per reading as sensors grow.

The floor goes first, then the product, each on a database of its own in one PostgreSQL with the product's settings,
through one broker. The rate grows by steps until the queue grows too; the highest rate that held, less a little, is
then held for the whole time. All processes share the machine's cores, the generator included.
"""

from __future__ import annotations

import argparse
import asyncio
import os

import msgspec

from bench.ingest.load import Load
from bench.ingest.trial import System, Trial, bare, broker_login, product, try_load
from bench.report import keep, load, print_head, print_table
from bench.sampled import START, Histogram
from bench.stand import Place, Stand, StandError
from bench.world import World, build

SENSORS = 1_000
HOLD_S, STEP_S = 60.0, 6.0
FIRST_RATE, GROWTH = 2_000.0, 1.35
# A hold begins a little below the highest step: a minute has slower seconds than a few seconds have.
MARGIN = 0.95
SCALE_SENSORS = (100, 1_000, 10_000)
SCALE_RATE = 2_000.0
TOP, NAME_MAX = 14, 48
PARTS = ("consumer", "postgres", "broker", "generator")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--scale", action="store_true", help="cost per reading at 100, 1,000 and 10,000 sensors")
    parser.add_argument("--quick", action="store_true", help="short steps and holds: a look, not a measurement")
    parser.add_argument("--only", choices=("floor", "product"))
    parser.add_argument("--sensors", type=int, default=SENSORS)
    parser.add_argument("--hold", type=float, metavar="S", help="seconds to hold the rate found")
    parser.add_argument("--step", type=float, metavar="S", help="seconds of a step of the search")
    parser.add_argument("--first", type=float, metavar="RATE", default=FIRST_RATE, help="where the search begins")
    parser.add_argument("--rate", type=float, help="messages a second: hold this, do not search")
    parser.add_argument("--samples", type=int, default=3, help="values in a message")
    parser.add_argument("--format", choices=("json", "msgpack"), default="json")
    parser.add_argument("--no-acks", action="store_true", help="messages without a number: no acks to devices")
    parser.add_argument("--no-profile", action="store_true")
    args = parser.parse_args()
    args.hold = args.hold or ((5.0 if args.scale else 8.0) if args.quick else (20.0 if args.scale else HOLD_S))
    args.step = args.step or (3.0 if args.quick else STEP_S)
    return args


def _load(stand: Stand, world: World, args: argparse.Namespace, rate: float, seconds: float, *, acks: bool) -> Load:
    return Load(
        *broker_login(stand),
        devices=list(world.devices),
        rate=rate,
        seconds=seconds,
        samples=args.samples,
        format=args.format,
        acks=acks and not args.no_acks,
    )


async def _find(stand: Stand, system: System, world: World, args: argparse.Namespace) -> Trial:
    """The highest rate that holds, held."""
    acks = system.name != "floor"

    async def attempt(rate: float, seconds: float) -> Trial:
        trial = await try_load(stand, system, _load(stand, world, args, rate, seconds, acks=acks))
        word = "sustained" if trial.sustained else "not sustained"
        print(
            f"  {system.name:7} {rate:8,.0f}/s for {seconds:3.0f} s: {word}; at the end {trial.lag_end:,} waited, "
            f"generator {trial.report.behind_s:.2f} s late, {trial.missing} missing",
            flush=True,
        )
        return trial

    # Code paths, prepared statements and the day's partition are warm before anything counts.
    await try_load(stand, system, _load(stand, world, args, 500.0, 1.0, acks=acks))
    if args.rate:
        return await attempt(args.rate, args.hold)
    good, rate = 0.0, args.first
    while (await attempt(rate, args.step)).sustained:
        good, rate = rate, rate * GROWTH
    if good == 0.0:
        good = rate / 2
    elif (await attempt(middle := (good + rate) / 2, args.step)).sustained:
        good = middle
    while True:
        trial = await attempt(good * MARGIN, args.hold)
        if trial.sustained or good < args.first / 10:
            return trial
        good *= 0.9


async def _throughput(args: argparse.Namespace) -> None:
    print_head(f"Reading path: messages a second, {args.sensors:,} sensors, {args.samples} values a message")
    found: dict[str, Trial] = {}
    histogram = None
    async with Stand.open() as stand:
        print(f"broker: {stand.broker.kind}", flush=True)
        if args.only != "product":
            place = await stand.place()
            world = await build(place.owner_url, place.app_url, args.sensors)
            async with bare(stand, place, world) as system:
                found["floor"] = await _find(stand, system, world, args)
        if args.only != "floor":
            place = await stand.place()
            world = await build(place.owner_url, place.app_url, args.sensors)
            async with product(stand, place) as system:
                found["Muster"] = await _find(stand, system, world, args)
            if not args.no_profile:
                histogram = await _profile(stand, place, world, args, found["Muster"].rate)
    print(f"after:   {load()}")
    _print_trials(found, args)
    if histogram is not None:
        print_histogram(histogram)


async def _profile(stand: Stand, place: Place, world: World, args: argparse.Namespace, rate: float) -> Histogram:
    """The same rate again, the gateway sampled."""
    path = stand.folder / "histogram.json"
    async with product(stand, place, sampled=path) as system:
        os.kill(system.pids["consumer"], START)
        await try_load(stand, system, _load(stand, world, args, rate, min(args.hold, 10.0), acks=True))
    return msgspec.json.decode(path.read_bytes(), type=Histogram)


def _print_trials(found: dict[str, Trial], args: argparse.Namespace) -> None:
    floor = found.get("floor")
    rows = []
    for name, trial in found.items():
        share = f"{trial.achieved / floor.achieved:.2f}" if floor else "-"
        took = " / ".join(f"{ms:,.0f}" for ms in trial.report.commit_ms) or "-"
        rows.append(
            [
                name,
                f"{trial.achieved:,.0f}",
                share,
                f"{trial.achieved * args.samples:,.0f}",
                f"{trial.report.seconds:.0f}",
                "yes" if trial.sustained else "NO",
                f"{trial.lag_most:,}",
                f"{trial.drain_s:.2f}",
                took,
            ]
        )
    columns = ["system", "messages/s", "of floor", "values/s", "held s", "sustained", "most waiting", "drain s"]
    print_table(
        [*columns, "ack p50/p99/max ms"],
        rows,
        note="most waiting: published by schedule and not committed, at the worst second; rows are counted at the end; "
        "ack: from publish to the device's ack",
    )
    print_table(
        ["CPU us a message (cores used)", *PARTS],
        [[name, *_costs(trial)] for name, trial in found.items()],
        note="consumer: the gateway, or the floor's subscriber. Cores: CPU seconds a second; a Python process has one",
    )
    for name, trial in found.items():
        word = "sustained" if trial.sustained else "NOT sustained"
        keep(f"ingest: {name} {trial.achieved:,.0f} messages/s of {args.samples} values, {word} {args.hold:.0f} s")
    if floor and "Muster" in found:
        keep(f"ingest: {found['Muster'].achieved / floor.achieved:.2f} of the floor (aim 0.7), aim 5,000 messages/s")


def _costs(trial: Trial) -> list[str]:
    span = trial.report.seconds + trial.drain_s
    return [f"{trial.us(part):.0f} ({trial.cpu_s[part] / span:.2f})" for part in PARTS]


def print_histogram(histogram: Histogram) -> None:
    """Where the process spent its CPU time."""
    own = sorted(histogram.own.items(), key=lambda item: -item[1])[:TOP]
    under = sorted(histogram.under.items(), key=lambda item: -item[1])
    under = [item for item in under if item[1] < 0.97][:TOP]
    rows = [
        [left[0][:NAME_MAX], f"{100 * left[1]:.1f}", right[0][:NAME_MAX], f"{100 * right[1]:.1f}"]
        for left, right in zip(own, under, strict=False)
    ]
    print_table(
        ["the process' CPU time by function", "own %", "with what it calls", "%"],
        rows,
        note=f"{histogram.samples:,} samples by CPU time; C code counts for the Python function that called it",
    )


async def _scale(args: argparse.Namespace) -> None:
    rate = args.rate or SCALE_RATE
    print_head(f"Reading path: cost a reading as sensors grow, {rate:,.0f} messages/s of {args.samples} values")
    rows: list[list[str]] = []
    costs: list[float] = []
    async with Stand.open() as stand:
        for sensors in SCALE_SENSORS:
            place = await stand.place()
            world = await build(place.owner_url, place.app_url, sensors)
            async with product(stand, place) as system:
                await try_load(stand, system, _load(stand, world, args, 500.0, 1.0, acks=True))
                trial = await try_load(stand, system, _load(stand, world, args, rate, args.hold, acks=True))
            if trial.missing:
                raise StandError(f"{trial.missing} messages are missing at {sensors} sensors")
            costs.append(trial.us("consumer") / args.samples)
            share = f"{costs[-1] / costs[0]:.2f}"
            took = " / ".join(f"{ms:,.0f}" for ms in trial.report.commit_ms)
            database = trial.us("postgres") / args.samples
            rows.append([f"{world.sensors:,}", f"{costs[-1]:.1f}", share, f"{database:.1f}", f"{trial.lag_end}", took])
    print(f"after:   {load()}")
    print_table(
        ["sensors", "gateway CPU us/reading", "of the first", "postgres us/reading", "waiting at the end", "ack ms"],
        rows,
        note=f"{args.hold:.0f} s each, three rules a sensor, a new gateway and a new database each",
    )
    keep(f"scale: {costs[-1] / costs[0]:.2f} times the cost a reading at 10,000 sensors as at 100 (aim: flat)")


def main() -> None:
    """Run and print."""
    args = arguments()
    asyncio.run(_scale(args) if args.scale else _throughput(args))


if __name__ == "__main__":
    main()
