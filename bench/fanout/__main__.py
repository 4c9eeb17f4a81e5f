"""`python -m bench.fanout`: all servers up at once, their bursts interleaved, the median of each.

A burst is ROUNDS events to every socket; the next event is published when the last has reached every client, so no
server gains by merging events that wait. What counts is the server's own CPU seconds (user + system).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from bench.fanout.message import FIRST_SEQ, room_event
from bench.fanout.readers import Readers, open_socketio, open_websocket, read_frame
from bench.report import keep, load, print_head, print_table
from mobile_contract.live import encode

HERE = Path(__file__).parent
SOCKETS = 1000
ROUNDS = 40
BURSTS = 5
MODES = {
    "floor": "floor: one prepared frame to each transport",
    "muster": "Muster: hub and prepared frames",
    "muster4": "Muster, four events a wake",
    "socketio": "Socket.IO 4, node",
    "websockets": "websockets, broadcast",
    "asgi": "uvicorn, ASGI send loop",
}


class Server:
    """One server process with its readers."""

    def __init__(self, mode: str, sockets: int) -> None:
        self.mode = mode
        # Events published in one go.
        self.together = 4 if mode == "muster4" else 1
        self._process = subprocess.Popen(_command(mode), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        port = int(self._line())
        opener = open_socketio if mode == "socketio" else open_websocket
        self.readers = Readers(sockets, port, opener)
        self.rates: list[float] = []
        self._frame_size = self._measure_frame()

    def _measure_frame(self) -> int:
        """The first event teaches how many bytes one frame has."""
        self._say("p 1")
        first = self.readers.sockets[0]
        first.setblocking(True)
        size = len(read_frame(first))
        first.setblocking(False)
        self.readers.bytes += size
        self.readers.read_until(size * len(self.readers.sockets))
        return size

    def burst(self, rounds: int) -> None:
        """Publish and wait until everybody has it, ``rounds`` times; keep deliveries per CPU second."""
        before = self._cpu_s()
        step = self._frame_size * len(self.readers.sockets) * self.together
        for _ in range(rounds):
            self._say(f"p {self.together}")
            self.readers.read_until(self.readers.bytes + step)
        delivered = rounds * self.together * len(self.readers.sockets)
        self.rates.append(delivered / (self._cpu_s() - before))

    def row(self, floor: float) -> list[str]:
        """Name, deliveries per CPU second, spread, share of the floor, microseconds each, bytes a frame."""
        rate = statistics.median(self.rates)
        spread = f"{min(self.rates):,.0f} .. {max(self.rates):,.0f}"
        return [
            MODES[self.mode],
            f"{rate:,.0f}",
            spread,
            f"{rate / floor:.2f}",
            f"{1e6 / rate:.1f}",
            str(self._frame_size),
        ]

    def stop(self) -> None:
        """End the server and the readers."""
        self.readers.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _cpu_s(self) -> float:
        self._say("c")
        return float(self._line())

    def _say(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(order.encode() + b"\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()


def _command(mode: str) -> list[str]:
    if mode == "socketio":
        return ["node", str(HERE / "socketio.js"), encode(room_event(FIRST_SEQ)).decode()]
    return [sys.executable, "-m", "bench.fanout.server", "muster" if mode == "muster4" else mode]


def _available() -> list[str]:
    """Every mode; Socket.IO only where node and npm are."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("node or npm is missing: without Socket.IO")
        return [mode for mode in MODES if mode != "socketio"]
    if not (HERE / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True)
    return list(MODES)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.fanout", description=__doc__)
    parser.add_argument("--sockets", type=int, default=SOCKETS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--bursts", type=int, default=BURSTS)
    parser.add_argument("--only", nargs="*", choices=list(MODES))
    args = parser.parse_args()
    print_head(f"Room fan-out, {args.sockets} sockets in one room")
    servers = [Server(mode, args.sockets) for mode in args.only or _available()]
    try:
        for server in servers:
            server.burst(args.rounds // 2)
            server.rates.clear()
        for _ in range(args.bursts):
            for server in servers:
                server.burst(args.rounds)
    finally:
        for server in servers:
            server.stop()
    rates = {server.mode: statistics.median(server.rates) for server in servers}
    floor = rates.get("floor", float("nan"))
    print(f"after:   {load()}")
    print_table(
        ["server", "deliveries/CPU s", "slowest .. fastest burst", "of floor", "us each", "bytes"],
        [server.row(floor) for server in servers],
        note=f"median of {args.bursts} bursts of {args.rounds} events; CPU is the server's user + system time",
    )
    if "muster" in rates:
        ratio = rates["muster"] / floor
        keep(f"fanout: {rates['muster']:,.0f} deliveries a CPU second, {ratio:.2f} of the floor (aim 0.8)")


if __name__ == "__main__":
    main()
