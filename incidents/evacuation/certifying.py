"""How good a plan is, reckoned beside it: in a process of its own, off the event loop and gone when it is done.

A maximum flow holds the interpreter for seconds, and its library takes one to import: neither may delay an order. What
is not proven within PROVE_S is kept as far as it came; a worker that does not answer at all is ended.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
import time
from pathlib import Path

from core.errors import Unavailable
from core.logging import get_logger
from geo.evacuation.certificate import Certificate
from geo.evacuation.model import EvacuationPlan, Situation

log = get_logger(__name__)

# The flows of 2,000 people on 10,000 nodes take some 10 s; a plan is replaced after thirty.
PROVE_S = 20.0
# With the start of the process and reading compiled code from the disk.
TIMEOUT_S = PROVE_S + 40.0
# 50,000 people on a campus are 30 MB; more is a fault of ours.
JOB_MAX_BYTES = 200_000_000


async def certify_apart(situation: Situation, planned: EvacuationPlan) -> Certificate:
    """The certificate of a plan. Raises Unavailable when the worker gives none."""
    job = await asyncio.to_thread(pickle.dumps, (situation, planned))
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            out, error = await worker.communicate(job)
    except TimeoutError as problem:
        raise _failed(f"no answer within {TIMEOUT_S:.0f} s") from problem
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    if worker.returncode:
        raise _failed(error.decode("utf-8", "replace")[-500:])
    bound_ms, cleared_ms, proven = out.split()
    return Certificate(int(bound_ms), int(cleared_ms), proven == b"1")


def _failed(why: str) -> Unavailable:
    return Unavailable("evacuation.no_certificate", f"the certificate could not be made: {why}", "无法生成方案证明")


def main() -> None:
    """Read a job of our own parent, answer in one line."""
    # Here: whoever only asks for a certificate does not need the library.
    from geo.evacuation.certificate import certify

    situation, planned = pickle.loads(sys.stdin.buffer.read(JOB_MAX_BYTES))  # noqa: S301 - from our own parent
    until = time.monotonic() + PROVE_S
    made = certify(situation, planned, go_on=lambda: time.monotonic() < until)
    sys.stdout.write(f"{made.bound_ms} {made.cleared_ms} {int(made.proven)}\n")


if __name__ == "__main__":
    main()
