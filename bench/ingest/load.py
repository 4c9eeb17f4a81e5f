"""What a load is, and the messages it is made of; pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal

import msgspec

from bench.world import ORDINARY_MAX, SERIES, SITE, TENANT, UNIT
from mobile_contract.devices import READINGS, topic
from plant import mqtt_wire

Format = Literal["json", "msgpack"]
# Values are drawn beforehand; drawing is not what is measured.
_VALUES = 4_096


class Load(msgspec.Struct, frozen=True):
    """Messages ``rate`` a second for ``seconds``, round robin over the devices, over ``sockets`` connections at QoS 1.

    ``samples`` a message, spread over the device's series; more than three means several times of each. ``in_flight``:
    publishes without PUBACK over all sockets, beyond which the generator waits and falls behind. ``acks``: messages
    carry a number and the product's own acknowledgements are awaited.
    """

    broker_host: str
    broker_port: int
    username: str
    password: str
    devices: list[str]
    rate: float
    seconds: float
    samples: int = len(SERIES)
    format: Format = "json"
    sockets: int = 4
    in_flight: int = 8_000
    acks: bool = True


class LoadReport(msgspec.Struct, frozen=True):
    """What came of a load. ``behind_s``: the most the generator itself lagged behind its schedule; ``commit_ms``:
    percentiles (50, 99, 100) from publish to the device's ack, empty without acks."""

    published: int
    seconds: float
    behind_s: float
    cpu_s: float
    acked: int
    commit_ms: list[float]


Build = Callable[[int, int, int], bytes]


def packet_builder(load: Load, device: str) -> Build:
    """(device time in ms, packet id, number) -> the whole PUBLISH packet."""
    name = topic(TENANT, SITE, device, READINGS)
    values = [round(random.uniform(0, ORDINARY_MAX), 2) for _ in range(_VALUES)]
    if load.format == "msgpack":
        return _msgpack_builder(load, name, values)
    rows = -(-load.samples // len(SERIES))
    sample = ",".join(
        f'{{"series":"{series}","at":%d,"value":%s,"unit":"{UNIT}"}}' for series in (SERIES * rows)[: load.samples]
    )
    body = f'{{"samples":[{sample}],"seq":%d}}' if load.acks else f'{{"samples":[{sample}]}}'
    count = load.samples

    def build(at: int, mid: int, number: int) -> bytes:
        facts: list[object] = []
        for index in range(count):
            # One message's samples of one series are a millisecond apart.
            facts += (at + index // len(SERIES), values[(number + index) % _VALUES])
        if load.acks:
            facts.append(number)
        return mqtt_wire.publish(name, (body % tuple(facts)).encode(), mid)

    return build


def _msgpack_builder(load: Load, name: str, values: list[float]) -> Build:
    encode = msgspec.msgpack.Encoder().encode

    def build(at: int, mid: int, number: int) -> bytes:
        samples = [
            {
                "series": SERIES[index % len(SERIES)],
                "at": at + index // len(SERIES),
                "value": values[(number + index) % _VALUES],
                "unit": UNIT,
            }
            for index in range(load.samples)
        ]
        body = {"samples": samples, "seq": number} if load.acks else {"samples": samples}
        return mqtt_wire.publish(name, encode(body), mid)

    return build
