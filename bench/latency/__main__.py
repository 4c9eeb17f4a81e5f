"""`python -m bench.latency`: how long an alarm takes from the device's publish to the first order on an open socket and
to the fan's command on the wire, with ordinary readings flowing, against the same with none (the floor).

Every alarm is of a fresh sensor in a zone of its own: it opens an incident, binds its plan, commands the fan, gives
three tasks; then the value falls, the incident is closed, and the next one comes. A real gateway, a real api, the
product's own PostgreSQL and broker. Devices and phones are one process beside them, so its work is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Sequence

import msgspec
import uvloop

from bench.ingest.load import Load
from bench.ingest.trial import broker_login
from bench.latency.ends import Devices, Phones
from bench.latency.scene import Scene, close, set_up
from bench.meter import Meter
from bench.report import keep, load, print_head, print_table
from bench.stand import Role, Stand
from bench.world import LIMIT_1
from core.database import Database
from plant.mqtt_link import BrokerAddress

SENSORS, RATE, ALARMS, WARM_UP = 1_000, 1_000.0, 120, 5
AIM_MS = 100.0
# Between two alarms, at random: not in step with the gateway's batches.
PAUSE_S = (0.05, 0.25)
# The load runs this long before the first alarm counts.
SETTLE_S = 2.0
# An order that has not come by then has not come.
PATIENCE_S = 15.0


class Taken(msgspec.Struct, frozen=True):
    """One alarm, milliseconds from its publish: the order on the socket, the command on the wire, and on the way the
    start of the gateway's transaction and the api's reading of the order."""

    order_ms: float
    command_ms: float
    decided_ms: float
    read_ms: float


class Run(msgspec.Struct, frozen=True):
    """A series of alarms, the messages beside them and the CPU seconds a second of each process."""

    taken: list[Taken]
    messages_s: float
    cores: dict[str, float]


class Bench:
    """Everything that is running."""

    def __init__(
        self, stand: Stand, scene: Scene, db: Database, devices: Devices, phones: Phones, roles: dict[str, Role]
    ) -> None:
        self._scene = scene
        self._db = db
        self._devices = devices
        self._phones = phones
        self._gateway = roles["gateway"]
        self._pids = {name: role.pid for name, role in roles.items()}
        self._pids |= {"postgres": stand.postgres.pid, "broker": stand.broker.pid}
        self._next = 0

    async def run(self, alarms: int) -> Run:
        """So many alarms, one after another."""
        meter, start = Meter(self._pids), time.monotonic()
        before = await self._gateway.metric("ingest_messages_total")
        taken = [await self._alarm() for _ in range(alarms)]
        span = time.monotonic() - start
        messages = await self._gateway.metric("ingest_messages_total") - before
        return Run(taken, messages / span, {name: spent / span for name, spent in meter.spent().items()})

    async def _alarm(self) -> Taken:
        number, self._next = self._next, self._next + 1
        device, place = self._scene.alarm_devices[number], self._scene.world.zones[number].name.en
        loop = asyncio.get_running_loop()
        self._devices.commanded[device] = loop.create_future()
        self._phones.ordered[place] = loop.create_future()
        await asyncio.sleep(random.uniform(*PAUSE_S))
        async with asyncio.timeout(PATIENCE_S):
            sent = await self._devices.publish(device, LIMIT_1 + 100)
            ordered = await self._phones.ordered[place]
            commanded = await self._devices.commanded[device]
        await self._devices.publish(device, 0.0)
        opened_at = await close(self._db, self._scene, number)
        at = (ordered.at, commanded, opened_at.timestamp(), ordered.read_at.timestamp())
        return Taken(*(1000 * (when - sent) for when in at))


async def _measure(args: argparse.Namespace) -> dict[str, Run]:
    zones = 2 * (args.alarms + WARM_UP)
    async with Stand.open() as stand:
        place = await stand.place()
        scene = await set_up(place, args.sensors, zones)
        host, port, user, password = broker_login(stand)
        broker = BrokerAddress(host, port, user, password)
        async with (
            stand.role("gateway", place) as gateway,
            stand.role("api", place) as api,
            Database.connect(place.app_url, max_size=2) as db,
            Devices.open(broker) as devices,
            Phones.open(api.url) as phones,
        ):
            bench = Bench(stand, scene, db, devices, phones, {"gateway": gateway, "api": api})
            await bench.run(WARM_UP)
            idle = await bench.run(args.alarms)
            # Longer than any run: it is ended when the alarms are through.
            background = Load(host, port, user, password, scene.load_devices, rate=args.rate, seconds=86_400.0)
            async with stand.worker("bench.ingest.generator", background) as generator:
                await generator.say(None)
                await asyncio.sleep(SETTLE_S)
                await bench.run(WARM_UP)
                loaded = await bench.run(args.alarms)
    return {"no load (floor)": idle, f"{args.rate:,.0f} messages/s": loaded}


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """50th, 99th (nearest rank) and the largest."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))], ordered[-1]


def _cell(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.0f}" for value in percentiles(values))


def _print(runs: dict[str, Run]) -> None:
    rows = []
    for name, run in runs.items():
        orders, commands = [t.order_ms for t in run.taken], [t.command_ms for t in run.taken]
        rows.append([name, len(run.taken), f"{run.messages_s:,.0f}", _cell(orders), _cell(commands)])
        p50, p99, _ = percentiles(orders)
        _, command_p99, _ = percentiles(commands)
        keep(f"latency: {name}: order p50 {p50:.0f} ms, p99 {p99:.0f} ms; command p99 {command_p99:.0f} ms")
    print_table(
        ["p50 / p99 / max, ms", "alarms", "messages/s", "to the order on a socket", "to the command on the wire"],
        rows,
        note=f"from just before the device's publish; aim p99 <= {AIM_MS:.0f} ms",
    )
    idle, loaded = runs.values()
    ratio = percentiles([t.order_ms for t in loaded.taken])[1] / percentiles([t.order_ms for t in idle.taken])[1]
    print(f"order p99 under load is {ratio:.2f} of the floor's")
    keep(f"latency: order p99 under load is {ratio:.2f} of the floor's (aim p99 <= {AIM_MS:.0f} ms)")
    parts = []
    for name, run in runs.items():
        decided = [t.decided_ms for t in run.taken]
        committed = [t.read_ms - t.decided_ms for t in run.taken]
        shown = [t.order_ms - t.read_ms for t in run.taken]
        parts.append([name, _cell(decided), _cell(committed), _cell(shown)])
    print_table(
        ["where it goes, p50 / p99 / max, ms", "broker, gateway", "transaction, news", "api, socket"],
        parts,
        note="broker, gateway: to the start of the transaction; transaction, news: until the api reads the order",
    )
    print_table(
        ["CPU seconds a second", *loaded.cores],
        [[name, *(f"{spent:.2f}" for spent in run.cores.values())] for name, run in runs.items()],
        note="readings, alarms and closing their incidents together",
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--alarms", type=int, help="alarms of each series")
    parser.add_argument("--rate", type=float, default=RATE, help="messages a second beside the alarms")
    parser.add_argument("--sensors", type=int, default=SENSORS, help="sensors that make them")
    parser.add_argument("--quick", action="store_true", help="20 alarms: a look, not a measurement")
    args = parser.parse_args()
    args.alarms = args.alarms or (20 if args.quick else ALARMS)
    print_head(f"Alarm path: {args.alarms} alarms with {args.rate:,.0f} messages/s of 3 values beside them")
    runs = uvloop.run(_measure(args))
    print(f"after:   {load()}")
    _print(runs)


if __name__ == "__main__":
    main()
