"""``muster replay FILE --map MAP``: a recorded CSV, published as a device."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from core.errors import Invalid, NotFound
from core.logging import configure_logging
from core.settings import Settings, load_settings
from muster.addresses import broker_url, find_addresses
from muster.client import Client
from muster.demo import catalogue
from muster.device_link import DeviceLogin, parse_broker
from muster.replay.kept import Kept, find_kept, keep, kept_path
from muster.replay.mapping import ReplayMap, Row, parse_map, read_rows
from muster.replay.pace import SILENCE_MIN_S, check_speed, silence_speed, speed_limit
from muster.replay.publisher import Progress, Replay
from muster.replay.registration import Registration

# At 100 the shipped bearings run to failure in 1 to 5 minutes.
SPEED = 100.0
PASSWORD_VARIABLE = "MUSTER_REPLAY_PASSWORD"  # noqa: S105 - the variable's name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``muster replay``."""
    parser.add_argument("file", type=Path, help="CSV file with a header")
    parser.add_argument("--map", required=True, help=f"a map file, or one of: {', '.join(shipped_maps())}")
    parser.add_argument("--speed", type=float, default=SPEED, help="recorded seconds in one second (%(default)s)")
    parser.add_argument("--as", dest="device", default="", help="device name; the map's own by default")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="ROW", help="go on at this row")
    parser.add_argument("--to", dest="end", type=int, default=None, metavar="ROW", help="end before this row")
    parser.add_argument("--tenant", default=catalogue.TENANT, help="(%(default)s)")
    parser.add_argument("--site", default=catalogue.SITE, help="(%(default)s)")
    parser.add_argument("--secret", default="", help="the device's secret, when it was not registered from here")
    parser.add_argument(
        "--register", action="store_true", help="first make the map's device, sensors and limits known, as an admin"
    )
    parser.add_argument(
        "--admin",
        default="admin",
        metavar="LOGIN",
        help=f"who registers (%(default)s); the password is in {PASSWORD_VARIABLE}, or the demo's, or asked for",
    )
    parser.add_argument("--new-secret", action="store_true", help="register a device whose secret is lost")
    parser.add_argument("--url", default="", help="Muster's address; the one running from the data folder by default")


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
        mapping = named_device(mapping, args.device)
    rows = _rows(args, mapping)
    path = kept_path(settings.data_path, args.tenant, args.site, mapping.device)
    console = Console()
    with _log_file(path):
        secret = find_secret(args, mapping, find_kept(path), console)
        if args.register:
            secret = asyncio.run(_register(args, settings, mapping, path, console))
        return asyncio.run(_replay(args, settings, mapping, rows, secret, console))


def named_device(mapping: ReplayMap, device: str) -> ReplayMap:
    """The map for another device; raises Invalid for a name that can not be in a topic."""
    changed = msgspec.structs.replace(mapping, device=device)
    try:
        return msgspec.convert(msgspec.to_builtins(changed), ReplayMap)
    except msgspec.ValidationError as problem:
        raise Invalid("replay.device", f"--as {device!r}: {problem}", field="as", value=device) from problem


def _rows(args: argparse.Namespace, mapping: ReplayMap) -> list[Row]:
    """The file's rows up to ``--to``; raises Invalid."""
    try:
        with args.file.open(newline="", encoding="utf-8") as lines:
            rows = read_rows(lines, mapping)
    except (OSError, UnicodeDecodeError) as problem:
        raise Invalid("replay.file", f"{args.file}: {problem}", field="file", value=str(args.file)) from problem
    check_speed(rows, args.speed)
    end = len(rows) if args.end is None else args.end
    if not 0 <= end <= len(rows):
        raise Invalid("replay.to", f"row {end} is not in 0..{len(rows)}", field="to", value=end, limit=len(rows))
    if not 0 <= args.first <= end:
        raise Invalid("replay.from", f"row {args.first} is not in 0..{end}", field="from", value=args.first, limit=end)
    return rows[:end]


def find_secret(args: argparse.Namespace, mapping: ReplayMap, kept: Kept | None, console: Console) -> str:
    """The device's secret: the given one, the kept one, a demo device's; '' before it is registered.

    Raises NotFound when there is none and none will be made.
    """
    if args.secret or args.register:
        return str(args.secret)
    if kept is not None:
        if kept.speed != args.speed:
            console.print(
                f"registered for speed {kept.speed:g}: at {args.speed:g} its delays mean another time of the recording;"
                " --register again"
            )
        return kept.secret
    demo = next((device for device in catalogue.DEVICES if device.slug == mapping.device), None)
    if demo is not None and args.tenant == catalogue.TENANT:
        return demo.secret
    raise NotFound(
        "replay.not_registered",
        f"device {mapping.device} was not registered from here: --register does it, --secret gives its secret",
        f"设备 {mapping.device} 未在此注册：请用 --register 注册，或用 --secret 提供密码",
        field="device",
        value=mapping.device,
    )


@contextmanager
def _log_file(path: Path) -> Iterator[None]:
    """The log is beside the kept secret: the terminal has the bar."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        configure_logging("replay", stream=out)
        yield


async def _register(
    args: argparse.Namespace, settings: Settings, mapping: ReplayMap, path: Path, console: Console
) -> str:
    client = Client(args.url or find_addresses(settings).http_url)
    registration = Registration(client, mapping, args.speed, new_secret=args.new_secret)
    try:
        await client.sign_in(args.tenant, args.admin, _password(args, os.environ), label="muster replay")
        secret = await registration.run(args.site, find_kept(path), args.secret, lambda kept: keep(path, kept))
    finally:
        await client.close()
    console.print("registered: " + (", ".join(registration.done) or "everything was there"))
    silent_up_to = silence_speed(mapping)
    if args.speed > silent_up_to:
        console.print(
            f"above speed {silent_up_to:g} the gateway is too slow for this map's silence:"
            f" {SILENCE_MIN_S * args.speed:g} recorded seconds without a value are stale"
        )
    return secret


def _password(args: argparse.Namespace, environ: Mapping[str, str]) -> str:
    if environ.get(PASSWORD_VARIABLE):
        return environ[PASSWORD_VARIABLE]
    if args.tenant == catalogue.TENANT and args.admin in {account.username for account in catalogue.ACCOUNTS}:
        return catalogue.PASSWORD
    if not sys.stdin.isatty():
        raise Invalid("replay.password", f"{args.admin}'s password is in {PASSWORD_VARIABLE}", field=PASSWORD_VARIABLE)
    return getpass.getpass(f"{args.admin}@{args.tenant}: ")


async def _replay(
    args: argparse.Namespace, settings: Settings, mapping: ReplayMap, rows: list[Row], secret: str, console: Console
) -> int:
    login = DeviceLogin(args.tenant, args.site, mapping.device, secret)
    broker = parse_broker(broker_url(settings))
    replay = Replay(rows, mapping, broker, login, speed=args.speed, first=args.first)
    count, limit = len(rows) - args.first, speed_limit(rows)
    console.print(f"{count} rows as {login.username}, {args.speed:g} times as fast (at most {limit:g})")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console) as bar:
        line = bar.add_task("committed", total=len(rows), completed=args.first)

        def report(progress: Progress) -> None:
            waiting = "committed" if progress.connected else "no connection, trying again;"
            bar.update(line, completed=progress.committed, description=waiting)

        work = asyncio.create_task(replay.run(report))

        def interrupt() -> None:
            if replay.stopped:
                work.cancel()
                return
            console.print("stopping when what is sent is committed; Ctrl-C again to stop at once")
            replay.stop()

        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupt)
        try:
            end = await work
        except asyncio.CancelledError:
            bar.stop()
            console.print(f"stopped; {replay.how_to_go_on}")
            return 130
    if end.published < len(rows):
        console.print(f"stopped; {replay.how_to_go_on}")
        return 130
    console.print(f"{count} rows committed, {end.refused_samples} samples refused")
    return 0
