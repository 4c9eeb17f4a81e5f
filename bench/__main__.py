"""`python -m bench [all|NAME] [--quick]`: each benchmark in a process of its own, one summary."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.report import SUMMARY, load, machine

BENCHES: dict[str, list[str]] = {
    "ingest": ["bench.ingest"],
    "latency": ["bench.latency"],
    "scale": ["bench.ingest", "--scale"],
    "fanout": ["bench.fanout"],
    "on_call": ["bench.on_call"],
    "alarm_kpi": ["bench.alarm_kpi"],
    "escalation_tick": ["bench.escalation_tick"],
    "geo_hazards": ["bench.geo_hazards"],
    "geo_graph": ["bench.geo_graph"],
    "geo_evacuation": ["bench.geo_evacuation"],
    "geo_routing": ["bench.geo_routing"],
}
QUICK: dict[str, list[str]] = {"fanout": ["--sockets", "200", "--bursts", "2"]}


def main() -> int:
    """Run them in order; the exit status is 1 when one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("which", nargs="?", choices=("all", *BENCHES), default="all")
    parser.add_argument("--quick", action="store_true", help="a look of a minute or two, not a measurement")
    args = parser.parse_args()
    chosen = list(BENCHES) if args.which == "all" else [args.which]
    failed = []
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
        summary = Path(folder) / "summary"
        summary.touch()
        for name in chosen:
            more = QUICK.get(name, ["--quick"]) if args.quick else []
            command = [sys.executable, "-m", *BENCHES[name], *more]
            if subprocess.run(command, env={**os.environ, SUMMARY: str(summary)}, check=False).returncode:
                failed.append(name)
            print(flush=True)
        _print_summary(summary.read_text(encoding="utf-8"), failed, quick=args.quick)
    return 1 if failed else 0


def _print_summary(lines: str, failed: list[str], *, quick: bool) -> None:
    print("Summary" + (" (quick: a look, not a measurement)" if quick else ""))
    print(f"machine: {machine()}; {load()}")
    print(lines, end="")
    for name in failed:
        print(f"{name}: FAILED, see above")


if __name__ == "__main__":
    raise SystemExit(main())
