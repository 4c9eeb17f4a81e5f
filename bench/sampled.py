"""`python -m bench.sampled ROLE FILE`: one of Muster's roles, its stack sampled by CPU time, the histogram in FILE.

From START on, SIGPROF comes every SAMPLE_S of the process' own CPU time (as finely as the kernel's tick allows), so a
waiting process is not sampled. The handler runs between two bytecodes: time inside a C function is counted for the
Python function that called it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

import msgspec

from core.settings import load_settings
from muster.process import run_role
from muster.roles.gateway import main as gateway

SAMPLE_S = 0.003
# Sent when the load begins: starting up is not what is asked about.
START = signal.SIGUSR1


class Histogram(msgspec.Struct, frozen=True):
    """Shares of CPU time: ``own`` by the function at the top of the stack, ``under`` by every function on it."""

    samples: int
    own: dict[str, float]
    under: dict[str, float]


class _Sampler:
    def __init__(self) -> None:
        self.samples = 0
        self._own: Counter[CodeType] = Counter()
        self._under: Counter[CodeType] = Counter()

    def start(self, *_: object) -> None:
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_S, SAMPLE_S)

    def stop(self) -> Histogram:
        signal.setitimer(signal.ITIMER_PROF, 0)
        return Histogram(self.samples, self._shares(self._own), self._shares(self._under))

    def _sample(self, _: int, frame: FrameType | None) -> None:
        self.samples += 1
        seen: set[CodeType] = set()
        if frame is not None:
            self._own[frame.f_code] += 1
        while frame is not None:
            seen.add(frame.f_code)
            frame = frame.f_back
        self._under.update(seen)

    def _shares(self, counts: Counter[CodeType]) -> dict[str, float]:
        shares: dict[str, float] = {}
        for code, count in counts.most_common():
            shares[_name(code)] = shares.get(_name(code), 0.0) + count / max(self.samples, 1)
        return shares


def _name(code: CodeType) -> str:
    # The folder and the module: narrow enough for two columns of a table, and no two of ours are alike.
    path = Path(code.co_filename)
    where = f"{path.parent.name}/{path.stem}" if path.suffix else code.co_filename
    return f"{where}: {code.co_qualname}"


def main() -> int:
    """Run the role until SIGTERM, then write the histogram."""
    sampler = _Sampler()
    signal.signal(START, sampler.start)
    try:
        return run_role(sys.argv[1], gateway, load_settings(os.environ))
    finally:
        Path(sys.argv[2]).write_bytes(msgspec.json.encode(sampler.stop()))


if __name__ == "__main__":
    raise SystemExit(main())
