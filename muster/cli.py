"""The command line: one program, several roles, and the tools around them."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from core.errors import MusterError
from core.settings import Settings, describe_settings, load_settings

Command = Callable[[argparse.Namespace, Settings], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; an error of ours is one line on stderr and exit status 2."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        command: Command = args.command
        return command(args, load_settings(os.environ))
    except MusterError as problem:
        print(f"muster: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    from muster import certify, verify
    from muster.demo import cli as demo
    from muster.phone import cli as phone
    from muster.replay import cli as replay

    parser = argparse.ArgumentParser(prog="muster", description="The responder backend for plants.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, help_text: str, command: Command) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_text, description=help_text)
        sub.set_defaults(command=command)
        return sub

    add("up", "Everything on this machine: engines, every role, the demo plant.", _up)
    add("gateway", "Devices in, alarms, incidents, commands out.", _role("gateway"))
    add("api", "HTTP and WebSocket on the one public port.", _role("api"))
    add("courier", "Deliveries, escalations, upkeep.", _role("courier"))
    add("auditor", "Finds what is stuck, puts it right, beats outside while all is well.", _role("auditor"))
    add("guide", "Finds people their ways, anew whenever a hazard moves.", _role("guide"))
    add("migrate", "Bring the database's schema up to date.", _migrate)
    add("seed", "Create the demo plant once.", _seed)
    access = add("access", "Write the password and access files for a mosquitto of your own.", _access)
    access.add_argument("folder", type=Path, help="where password_file and acl_file are written")
    access.add_argument("--watch", action="store_true", help="again after every change of the devices")
    add("settings", "List every setting with its default and meaning.", _settings)
    demo.add_arguments(add("demo", "Make the demo plant do things.", lambda args, _: demo.run(args)))
    phone.add_arguments(add("phone", "A phone in the terminal.", lambda args, _: phone.run(args)))
    certify.add_arguments(add("certify", "Sign a device's certificate request.", lambda args, _: certify.run(args)))
    verify.add_arguments(add("verify", "Follow the hash chains of the record and the audit trail.", verify.run))
    replay.add_arguments(add("replay", "Publish a recorded CSV as a device.", lambda args, _: replay.run(args)))
    return parser


def _up(_: argparse.Namespace, settings: Settings) -> int:
    from muster.up import run_up

    return run_up(settings)


def _role(name: str) -> Command:
    def command(_: argparse.Namespace, settings: Settings) -> int:
        from muster.process import run_role

        main = import_module(f"muster.roles.{name}").main
        return run_role(name, main, settings)

    return command


def _migrate(_: argparse.Namespace, settings: Settings) -> int:
    from migrations.runner import migrate
    from muster.process import need

    need(settings, "owner_database_url")
    for name in asyncio.run(migrate(settings.owner_database_url)):
        print(name)
    return 0


def _seed(_: argparse.Namespace, settings: Settings) -> int:
    from muster.process import need
    from muster.seed import run_seed

    need(settings, "database_url")
    return asyncio.run(run_seed(settings))


def _access(args: argparse.Namespace, settings: Settings) -> int:
    from muster.broker_access import run_access
    from muster.process import need

    need(settings, "database_url", "mqtt_url")
    return asyncio.run(run_access(settings, args.folder, watch=args.watch))


def _settings(_: argparse.Namespace, __: Settings) -> int:
    from rich.console import Console
    from rich.table import Table

    table = Table("variable", "default", "meaning")
    for row in describe_settings():
        table.add_row(*row)
    Console().print(table)
    return 0
