"""``muster phone --as wang``: a person's phone in the terminal."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import platform
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, get_args

from rich.console import Console

from core.clock import Clock, SystemClock
from core.errors import Unavailable
from core.logging import configure_logging
from core.settings import Settings, load_settings
from mobile_contract.people import Locale
from muster.addresses import find_addresses
from muster.client import Client
from muster.demo import catalogue
from muster.phone.access import Access, Person
from muster.phone.commands import Quit, parse
from muster.phone.displays import PlainDisplay, ScreenDisplay
from muster.phone.handset import Handset
from muster.phone.keyboard import keys_of, lines_of
from muster.phone.memory import MemoryFile, open_memory
from muster.phone.session import Phone
from muster.phone.view import View

PASSWORD_VARIABLE = "MUSTER_PHONE_PASSWORD"  # noqa: S105 - the variable's name
# The countdown on the screen moves by seconds.
REDRAW_EVERY_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``muster phone``."""
    parser.add_argument("--as", dest="login", required=True, metavar="LOGIN", help="who you are")
    parser.add_argument("--tenant", default=catalogue.TENANT, help="the plant's name (%(default)s)")
    parser.add_argument("--url", default="", help="Muster's address; the one running from the data folder by default")
    parser.add_argument(
        "--password", default=None, help=f"better: {PASSWORD_VARIABLE}; demo accounts need none; else it is asked for"
    )
    parser.add_argument("--locale", choices=get_args(Locale), default=None, help="the account's own by default")
    parser.add_argument("--name", default="", help="another phone of the same person in this data folder")
    parser.add_argument("--plain", action="store_true", help="lines instead of a screen; commands are lines of stdin")
    parser.add_argument("--json", action="store_true", help="lines of JSON; implies --plain")


def run(args: argparse.Namespace) -> int:
    """Run the phone until quit; returns 0. Raises MusterError when the server does not let the person in."""
    settings = load_settings(os.environ)
    with open_memory(settings.data_path, args.tenant, args.login, args.name) as memory, _log_file(memory):
        url = args.url or find_addresses(settings).http_url
        password = choose_password(args, os.environ, has_token=bool(memory.kept.refresh_token))
        return asyncio.run(_run(args, settings, memory, Client(url, first_locale(args, memory)), password))


def choose_password(args: argparse.Namespace, environ: Mapping[str, str], *, has_token: bool) -> str | None:
    """--password, else the environment's, else the demo's, else asked for when there is no other way in."""
    if args.password is not None:
        return str(args.password)
    if environ.get(PASSWORD_VARIABLE):
        return environ[PASSWORD_VARIABLE]
    account = _demo_account(args)
    if account is not None:
        return account.password
    if has_token or not sys.stdin.isatty():
        return None
    return getpass.getpass(f"{args.login}@{args.tenant}: ")


def first_locale(args: argparse.Namespace, memory: MemoryFile) -> Locale:
    """The language before the account is known: the wished one, the kept one, the demo account's, English."""
    account = _demo_account(args)
    found = args.locale or memory.kept.locale or (account.locale if account else "en")
    return "zh-CN" if found == "zh-CN" else "en"


def _demo_account(args: argparse.Namespace) -> catalogue.DemoAccount | None:
    if args.tenant != catalogue.TENANT:
        return None
    return next((account for account in catalogue.ACCOUNTS if account.username == args.login), None)


@contextmanager
def _log_file(memory: MemoryFile) -> Iterator[None]:
    """The log is beside the memory: stderr may be the screen."""
    path = memory.path.with_suffix(".log")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", buffering=1, encoding="utf-8") as out:
        configure_logging("phone", stream=out)
        yield


async def _run(
    args: argparse.Namespace, settings: Settings, memory: MemoryFile, client: Client, password: str | None
) -> int:
    clock = SystemClock()
    label = args.name or platform.node() or "terminal"
    access = Access(client, memory, Person(args.tenant, args.login, password, label), clock)
    locale = first_locale(args, memory)
    view = View(Phone(memory.kept.phone), args.login, locale, locale_is_wished=args.locale is not None)
    make = partial(Handset, memory, access, view, clock=clock, find_push_url=lambda: push_url(settings))
    try:
        if args.plain or args.json or not (sys.stdout.isatty() and sys.stdin.isatty()):
            display = PlainDisplay(sys.stdout, view, as_json=args.json)
            async with lines_of(sys.stdin) as lines:
                await _use(make(display=display), lines, at_end=None)
        else:
            await _run_screen(make, view, clock)
    finally:
        await client.close()
    return 0


async def _run_screen(make: Callable[..., Handset], view: View, clock: Clock) -> None:
    display = ScreenDisplay(Console(), view, clock)

    def typed(text: str) -> None:
        view.typed = text
        display.refresh()

    async def redraw() -> None:
        while True:
            await asyncio.sleep(REDRAW_EVERY_S)
            display.refresh()

    with display.live:
        async with keys_of(sys.stdin, typed) as lines:
            await _use(make(display=display), lines, redraw(), at_end=Quit())


async def _use(
    handset: Handset,
    lines: asyncio.Queue[str | None],
    *beside: Coroutine[Any, Any, None],
    at_end: Quit | None,
) -> None:
    """Run the phone on typed lines; the end of them is ``at_end``, None: go on without a person."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, handset.quit.set)

    async def obey() -> None:
        while (line := await lines.get()) is not None:
            command = parse(line)
            if command is not None:
                await handset.perform(command)
        if at_end is not None:
            await handset.perform(at_end)

    await handset.run(obey(), *beside)


def push_url(settings: Settings) -> str:
    """The demo's push service, as long as one runs; empty: this phone is not rung."""
    if settings.push_service_url:
        return settings.push_service_url
    try:
        return find_addresses(settings).push_service_url
    except Unavailable:
        return ""
