"""The load generator, a process of its own: `python -m bench.ingest.generator`, told its Load by a line on stdin.

Blocking sockets' worth of bytes, no client library: at 5,000 messages/s it takes a small part of what the gateway
does. Says that it is connected, waits for a line, publishes on schedule, and reports. The number each message carries
is its time of publishing in microseconds, so that every acknowledgement tells how long its commit took.
"""

from __future__ import annotations

import resource
import select
import socket
import sys
import time

import msgspec

from bench.ingest.load import Load, LoadReport, packet_builder
from bench.world import SITE, TENANT
from mobile_contract.devices import ACKS, Ack
from plant import mqtt_wire as wire

# The schedule is looked at this often: 5,000 messages/s leave in groups of ten.
TICK_S = 0.002
# Sent in one write at most, so that a generator that catches up does not flood the broker's buffers.
GROUP_MAX = 200
# Nothing acknowledged for this long after the last publish, and the rest is counted as missing.
PATIENCE_S = 30.0
KEEPALIVE_S = 600
_MID_MAX = 65_535
_ack = msgspec.json.Decoder(Ack).decode


class GeneratorError(Exception):
    """The broker did not do what a broker does."""


class _Connection:
    """One MQTT session; ``unanswered`` publishes are without PUBACK."""

    def __init__(self, load: Load, number: int) -> None:
        self.socket = socket.create_connection((load.broker_host, load.broker_port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._out = bytearray()
        self._mid = 0
        self.unanswered = 0
        name = f"bench-{number}-{time.monotonic_ns()}"
        hello = wire.connect(name, load.username, load.password, KEEPALIVE_S, clean_session=True)
        if self.ask(hello)[1][1] != 0:
            raise GeneratorError("the broker refused the generator")

    def ask(self, packet: bytes) -> wire.Packet:
        """Send and wait for one packet."""
        self.socket.sendall(packet)
        while True:
            if packets := wire.split_packets(self._read()):
                return packets[0]

    def next_mid(self) -> int:
        self._mid = self._mid % _MID_MAX + 1
        self.unanswered += 1
        return self._mid

    def write(self, data: bytes) -> None:
        """Queue and send what the socket takes."""
        self._out += data
        self.flush()

    def flush(self) -> None:
        if self._out:
            try:
                del self._out[: self.socket.send(self._out)]
            except BlockingIOError:
                return

    def read(self) -> list[bytes]:
        """Take what came; returns payloads of publishes."""
        payloads = []
        for first, body in wire.split_packets(self._read()):
            kind = first >> 4
            if kind == wire.PUBACK:
                self.unanswered -= 1
            elif kind == wire.PUBLISH:
                payloads.append(wire.read_publish(first, body)[1])
        return payloads

    def _read(self) -> bytearray:
        try:
            data = self.socket.recv(262_144)
        except BlockingIOError:
            return self._buffer
        if not data:
            raise GeneratorError("the broker closed the connection")
        self._buffer += data
        return self._buffer


class Generator:
    """Publishes one load."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._builders = [packet_builder(load, device) for device in load.devices]
        self._last_at = [0] * len(load.devices)
        self._spread_ms = -(-load.samples // 3)
        self._connections = [_Connection(load, number) for number in range(load.sockets)]
        if load.acks:
            everywhere = f"muster/v1/{TENANT}/{SITE}/+/{ACKS}"
            if self._connections[0].ask(wire.subscribe(1, [everywhere], qos=0))[1][2] & 0x80:
                raise GeneratorError("the broker refused the subscription")
        self._by_fd = {connection.socket.fileno(): connection for connection in self._connections}
        self._poll = select.epoll()
        for connection in self._connections:
            connection.socket.setblocking(False)
            self._poll.register(connection.socket.fileno(), select.EPOLLIN)
        self.published = 0
        self._took_us: list[int] = []
        self._next_device = 0

    def run(self) -> LoadReport:
        """Publish on schedule, then wait for what is still unanswered."""
        rate, before = self._load.rate, _cpu_s()
        total = round(rate * self._load.seconds)
        start = time.monotonic()
        behind = 0.0
        while self.published < total:
            elapsed = time.monotonic() - start
            due = min(total, int(elapsed * rate) + 1)
            behind = max(behind, elapsed - self.published / rate)
            self._publish(min(due - self.published, GROUP_MAX))
            ahead = self.published / rate - (time.monotonic() - start)
            self._listen(min(max(ahead, 0.0), TICK_S))
        seconds = time.monotonic() - start
        cpu_s = _cpu_s() - before
        print(msgspec.json.encode({"published": self.published}).decode(), flush=True)
        self._wait_for_answers()
        took = sorted(self._took_us)
        commit_ms = [took[min(len(took) - 1, int(len(took) * p))] / 1000 for p in (0.5, 0.99, 1.0)] if took else []
        return LoadReport(self.published, seconds, behind, cpu_s, len(took), commit_ms)

    def _publish(self, count: int) -> None:
        room = self._load.in_flight - sum(connection.unanswered for connection in self._connections)
        groups: list[list[bytes]] = [[] for _ in self._connections]
        now_us = time.time_ns() // 1000
        for _ in range(min(count, room)):
            index = self._next_device
            self._next_device = (index + 1) % len(self._builders)
            at = max(now_us // 1000, self._last_at[index] + self._spread_ms)
            self._last_at[index] = at
            # A device stays on its connection: the order of its messages is kept.
            which = index % len(self._connections)
            mid = self._connections[which].next_mid()
            groups[which].append(self._builders[index](at, mid, now_us))
            self.published += 1
        for connection, group in zip(self._connections, groups, strict=True):
            if group:
                connection.write(b"".join(group))

    def _listen(self, wait_s: float) -> None:
        for fd, _ in self._poll.poll(wait_s):
            payloads = self._by_fd[fd].read()
            if payloads:
                now_us = time.time_ns() // 1000
                self._took_us += [now_us - _ack(payload).seq for payload in payloads]
        for connection in self._connections:
            connection.flush()

    def _wait_for_answers(self) -> None:
        heard, until = len(self._took_us), time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            unanswered = sum(connection.unanswered for connection in self._connections)
            if not unanswered and (not self._load.acks or len(self._took_us) >= self.published):
                return
            self._listen(0.05)
            if len(self._took_us) != heard:
                heard, until = len(self._took_us), time.monotonic() + PATIENCE_S


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """One Load a process; stdout carries lines of JSON: connected, published, the report."""
    generator = Generator(msgspec.json.decode(sys.stdin.readline(), type=Load))
    print('"connected"', flush=True)
    sys.stdin.readline()
    print(msgspec.json.encode(generator.run()).decode(), flush=True)


if __name__ == "__main__":
    main()
