"""The demo plant's process: every device of the catalogue on its own connection, one world, one control port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import msgspec
import uvloop

from core.errors import Invalid
from core.logging import configure_logging, get_logger
from core.settings import Settings, load_settings
from mobile_contract.text import Text
from muster.demo import control
from muster.demo.catalogue import DEVICES
from muster.demo.devices import PlantDevice, report
from muster.demo.stations import Station
from muster.demo.world import World
from muster.device_link import Broker, parse_broker

log = get_logger(__name__)

# Four steps a second: finer than any sensor's lag, and the model's steps are exact in between.
STEP_S = 0.25
MINUTES_MAX = 60.0


class Leak(msgspec.Struct, frozen=True):
    """What leaks where: at most ``max_g_s``; the rate is said in ``unit``."""

    zone: str
    max_g_s: float
    text: Text
    unit: str = "g/s"
    per_g_s: float = 1.0

    def said(self, rate_g_s: float, minutes: float) -> Text:
        """What happens now, in words."""
        rate = f"{rate_g_s * self.per_g_s:g} {self.unit}"
        return Text(
            f"{self.text.zh}：{rate}，持续 {minutes:g} 分钟或至阀门关闭。",
            f"{self.text.en}: {rate} for {minutes:g} min, or until the valve closes.",
        )


# Ten times the ordinary hydrogen fluoride brings the room to the IDLH of 30 ppm within seconds; 2 kg/s of nitrogen is a
# broken main.
LEAKS = {
    "leak": Leak("solvent-store", 200.0, Text("溶剂库丙酮泄漏", "Acetone leaks in the solvent store")),
    "hf": Leak("hf-room", 1.0, Text("氟化氢间氟化氢泄漏", "Hydrogen fluoride escapes in the HF room"), "mg/s", 1000.0),
    "oxygen": Leak("nitrogen-room", 2000.0, Text("液氮间液氮泄漏", "Liquid nitrogen runs out in the nitrogen room")),
}


class Plant:
    """The devices and what befalls them."""

    def __init__(self, broker: Broker, world: World) -> None:
        self.world = world
        world.step(STEP_S)
        self.devices = [PlantDevice(spec, world, broker) for spec in DEVICES]

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._turn())
            for device in self.devices:
                tasks.create_task(device.run())

    async def _turn(self) -> None:
        """Step by measured time, so a busy machine slows nothing but the resolution."""
        loop = asyncio.get_running_loop()
        before = loop.time()
        while True:
            await asyncio.sleep(STEP_S)
            now = loop.time()
            self.world.step(now - before)
            before = now

    def handle(self, request: control.Request) -> control.Answer:
        """One order from the control port; raises Invalid for what the plant can not do."""
        world, zh = self.world, ""
        match request.fault:
            case fault if fault in LEAKS:
                leak = LEAKS[fault]
                _within("rate", request.rate_g_s, leak.max_g_s)
                _within("minutes", request.minutes, MINUTES_MAX)
                world.stations[leak.zone].leak(request.rate_g_s, request.minutes)
                said = leak.said(request.rate_g_s, request.minutes)
                text, zh = said.en, said.zh
            case "stuck-fan":
                world.fan_stuck = True
                text = "The fans obey nothing and answer nothing. `muster demo stop` repairs them."
            case "mute-sensor":
                world.muted.add(_known(request.device))
                text = f"{request.device} says nothing any more. `muster demo stop` repairs it."
            case "stop":
                world.repair()
                text = "No leak, no fault. What is in the air leaves by itself."
            case "status":
                text = self._line()
            case other:
                raise Invalid("demo.unknown", f"the demo plant knows no {other!r}", field="fault", value=other)
        log.info("demo.told", fault=request.fault, device=request.device)
        return control.Answer(text, zh=zh, status=self._status())

    def _line(self) -> str:
        world = self.world
        store, hf, nitrogen = world.store, world.hf_room, world.nitrogen_room
        online = sum(device.link.connected.is_set() for device in self.devices)
        return "\n".join(
            (
                f"solvent store: acetone {store.air.acetone_ppm:.0f} ppm, film {store.air.film_g:.0f} g, {_of(store)}",
                f"HF room: hydrogen fluoride {hf.hf_mg_m3:.2f} mg/m3, {_of(hf)}",
                f"nitrogen room: oxygen {nitrogen.oxygen_percent:.1f} %, {_of(nitrogen)}",
                f"{online}/{len(self.devices)} devices online",
            )
        )

    def _status(self) -> dict[str, object]:
        world = self.world
        facts: dict[str, object] = {
            "acetone_ppm": round(world.store.air.acetone_ppm, 1),
            "hf_mg_m3": round(world.hf_room.hf_mg_m3, 3),
            "oxygen_percent": round(world.nitrogen_room.oxygen_percent, 2),
            "fan_on": world.store.fan_on,
            "fan_speed": round(world.store.fan_speed, 3),
            "valve_open": world.store.valve_open,
            "leaking": any(station.leaking for station in world.stations.values()),
            "devices": [msgspec.to_builtins(report(device)) for device in self.devices],
        }
        return facts


def _of(station: Station) -> str:
    return (
        f"fan {'on' if station.fan_on else 'off'} ({100 * station.fan_speed:.0f} %),"
        f" valve {'open' if station.valve_open else 'closed'}, {'leaking' if station.leaking else 'no leak'}"
    )


def _within(field: str, value: float, limit: float) -> None:
    if not 0 < value <= limit:
        raise Invalid(
            "demo.out_of_range", f"{field} {value:g} is not in (0, {limit:g}]", field=field, value=value, limit=limit
        )


def _known(device: str) -> str:
    with_sensors = [spec.slug for spec in DEVICES if spec.sensors]
    if device not in with_sensors:
        raise Invalid(
            "demo.unknown_device",
            f"{device!r} is no device with sensors; there are {', '.join(with_sensors)}",
            field="device",
            value=device,
            limit=with_sensors,
        )
    return device


def run_plant(settings: Settings) -> int:
    """Run the plant until SIGTERM or SIGINT; returns the exit status."""
    configure_logging("demo-plant", settings.log_level)
    return uvloop.run(_run(settings))


async def _run(settings: Settings) -> int:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    plant = Plant(parse_broker(settings.mqtt_url), World())
    async with control.serve(settings.data_path, plant.handle) as address:
        log.info("demo.started", devices=len(plant.devices), control_port=address.port)
        work = asyncio.create_task(plant.run())
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if work.done():
            work.result()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    return 0


if __name__ == "__main__":
    raise SystemExit(run_plant(load_settings(os.environ)))
