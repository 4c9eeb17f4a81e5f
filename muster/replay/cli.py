"""``muster replay FILE --map MAP``: a recorded CSV, published as a device."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from importlib.resources import files
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from core.errors import Invalid
from core.settings import Settings, load_settings
from muster.addresses import broker_url
from muster.demo import catalogue
from muster.device_link import DeviceLogin, parse_broker
from muster.replay.mapping import ReplayMap, Row, check_speed, parse_map, read_rows, speed_limit
from muster.replay.publisher import Progress, Replay

# At 100 the shipped bearings run to failure in 2 to 5 minutes.
SPEED = 100.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``muster replay``."""
    parser.add_argument("file", type=Path, help="CSV file with a header")
    parser.add_argument("--map", required=True, help=f"a map file, or one of: {', '.join(shipped_maps())}")
    parser.add_argument("--speed", type=float, default=SPEED, help="recorded seconds in one second (%(default)s)")
    parser.add_argument("--as", dest="device", default="", help="device name; the map's own by default")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="ROW", help="go on at this row")
    parser.add_argument("--tenant", default=catalogue.TENANT)
    parser.add_argument("--site", default=catalogue.SITE)
    parser.add_argument("--secret", default="", help="the device's broker password; derived in the demo")


def shipped_maps() -> list[str]:
    """Names of the maps that come with Muster."""
    return sorted(path.name.removesuffix(".toml") for path in (files("muster.replay") / "maps").iterdir())


def load_map(name: str) -> ReplayMap:
    """A shipped map by name, or a file; raises Invalid."""
    shipped = files("muster.replay") / "maps" / f"{name}.toml"
    if shipped.is_file():
        return parse_map(shipped.read_text(encoding="utf-8"))
    try:
        return parse_map(Path(name).read_text(encoding="utf-8"))
    except OSError as problem:
        raise Invalid("replay.map", f"no map {name!r}: {problem}", field="map", value=name) from problem


def run(args: argparse.Namespace) -> int:
    """Publish the file; returns 0, or 130 when interrupted, saying how to go on."""
    settings = load_settings(os.environ)
    mapping = load_map(args.map)
    if args.device:
        mapping = msgspec.structs.replace(mapping, device=args.device)
    try:
        with args.file.open(newline="", encoding="utf-8") as lines:
            rows = read_rows(lines, mapping)
    except (OSError, UnicodeDecodeError) as problem:
        raise Invalid("replay.file", f"{args.file}: {problem}", field="file", value=str(args.file)) from problem
    check_speed(rows, args.speed)
    if not 0 <= args.first <= len(rows):
        raise Invalid("replay.from", f"row {args.first} is not in 0..{len(rows)}", field="from", limit=len(rows))
    return asyncio.run(_run(args, settings, mapping, rows))


async def _run(args: argparse.Namespace, settings: Settings, mapping: ReplayMap, rows: list[Row]) -> int:
    console = Console()
    secret = args.secret or f"demo-secret-{mapping.device}"
    login = DeviceLogin(args.tenant, args.site, mapping.device, secret)
    broker = parse_broker(broker_url(settings))
    replay = Replay(rows, mapping, broker, login, speed=args.speed, first=args.first)
    console.print(f"{len(rows)} rows as {login.username}, {args.speed:g} times as fast (at most {speed_limit(rows):g})")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console) as bar:
        line = bar.add_task("committed", total=len(rows), completed=args.first)

        def report(progress: Progress) -> None:
            waiting = "committed" if progress.connected else "no connection, trying again;"
            bar.update(line, completed=progress.committed, description=waiting)

        work = asyncio.create_task(replay.run(report))
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, work.cancel)
        try:
            end = await work
        except asyncio.CancelledError:
            bar.stop()
            console.print(f"stopped; go on with --from {replay.progress.committed}")
            return 130
    console.print(f"{end.committed} rows committed, {end.refused_samples} samples refused")
    return 0
