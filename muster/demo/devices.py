"""A device of the demo plant: the world on one side, one MQTT connection of its own on the other."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

import msgspec

from core.logging import get_logger
from mobile_contract.devices import CommandMessage, FeedbackMessage, Sample
from muster.demo.catalogue import SITE, TENANT, DemoDevice
from muster.demo.world import Shown, World
from muster.device_link import Broker, DeviceLink, DeviceLogin

log = get_logger(__name__)

FIRMWARE = "demo-1.0"
SAMPLE_EVERY_S = 1.0
# An actuator's own message follows a change this fast; its measured value counts as changed beyond a tenth.
FEEDBACK_EVERY_S = 0.25
VALUE_STEP = 0.3
# A command comes again within seconds; a thousand keys are days of a plant's commands.
KEYS_MAX = 1000


class Obeyed:
    """Idempotency keys already obeyed: a command is done once, its repeats are only answered."""

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._max = keys_max

    def first_time(self, key: str) -> bool:
        """Remember the key; True when it was not known."""
        if key in self._keys:
            return False
        self._keys[key] = None
        while len(self._keys) > self._max:
            self._keys.popitem(last=False)
        return True


class PlantDevice:
    """Publishes what its sensors show, obeys what its actuators are told, says what they do."""

    def __init__(self, spec: DemoDevice, world: World, broker: Broker) -> None:
        self.spec = spec
        login = DeviceLogin(TENANT, SITE, spec.slug, spec.secret)
        self.link = DeviceLink(broker, login, firmware=FIRMWARE, on_command=self._obey)
        self._world = world
        self._obeyed = Obeyed()
        self._answering: dict[str, str] = {}
        self._told: dict[str, Shown] = {}

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.link.run())
            if self.spec.sensors:
                tasks.create_task(self._sample())
            if self.spec.actuators:
                tasks.create_task(self._watch_actuators())

    async def _sample(self) -> None:
        while True:
            if self.spec.slug not in self._world.muted:
                self.link.put(self._samples(_now_ms()))
            await asyncio.sleep(SAMPLE_EVERY_S)

    def _samples(self, at: int) -> list[Sample]:
        values = self._world.measure(self.spec)
        return [Sample(sensor.series, at, values[sensor.series], sensor.unit) for sensor in self.spec.sensors]

    async def _obey(self, command: CommandMessage) -> None:
        """Act once per key; answer every time, unless the device is stuck and answers nothing."""
        if self._is_stuck() or command.actuator not in {actuator.slug for actuator in self.spec.actuators}:
            return
        fault = None
        if command.inhibited:
            await self._tell_drill(command)
            return
        self._answering[command.actuator] = command.command
        if self._obeyed.first_time(command.key):
            log.info("device.obeys", device=self.spec.slug, actuator=command.actuator, action=command.action)
            if not self._world.act(self.spec, command.actuator, command.action):
                fault = f"{command.actuator} does not know {command.action!r}"
        await self._tell(command.actuator, fault)

    async def _tell_drill(self, command: CommandMessage) -> None:
        """A drill: nothing moves, and the answer is what would have been."""
        actuator = next(known for known in self.spec.actuators if known.slug == command.actuator)
        expected = actuator.expected.get(command.action)
        state = (expected and expected.state) or self._world.shows(self.spec, command.actuator).state
        fault = None if expected else f"{command.actuator} does not know {command.action!r}"
        await self.link.feedback(
            FeedbackMessage(_now_ms(), command.actuator, state, command=command.command, fault=fault)
        )

    async def _watch_actuators(self) -> None:
        """Say every change by itself: a fan that is still spinning up proves itself when it is up."""
        while True:
            for actuator in self.spec.actuators:
                if self.link.connected.is_set() and not self._is_stuck() and self._changed(actuator.slug):
                    await self._tell(actuator.slug)
            await asyncio.sleep(FEEDBACK_EVERY_S)

    def _changed(self, actuator: str) -> bool:
        told, shows = self._told.get(actuator), self._world.shows(self.spec, actuator)
        if told is None or told.state != shows.state:
            return True
        return abs((shows.value or 0.0) - (told.value or 0.0)) > VALUE_STEP

    async def _tell(self, actuator: str, fault: str | None = None) -> None:
        shows = self._world.shows(self.spec, actuator)
        self._told[actuator] = shows
        await self.link.feedback(
            FeedbackMessage(
                at=_now_ms(),
                actuator=actuator,
                state=shows.state,
                command=self._answering.get(actuator),
                value=shows.value,
                unit=shows.unit,
                fault=fault,
            )
        )

    def _is_stuck(self) -> bool:
        return self._world.fan_stuck and any(actuator.kind == "fan" for actuator in self.spec.actuators)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class DeviceReport(msgspec.Struct, frozen=True):
    """What `muster demo status` shows of a device."""

    device: str
    connected: bool
    waiting: int
    committed: int
    refused: int
    dropped: int
    login_refused: str | None


def report(device: PlantDevice) -> DeviceReport:
    """The device's line in `muster demo status`."""
    link = device.link
    return DeviceReport(
        device.spec.slug,
        link.connected.is_set(),
        len(link.buffer),
        link.buffer.committed,
        link.buffer.refused,
        link.buffer.dropped,
        link.refused_login,
    )
