"""What the demo plant's trouble leads to, told line by line in the terminal until every alarm is back to normal.

It reads what any auditor may read over HTTP: the rooms of the incidents, event by event. It moves nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeAlias, get_args
from uuid import UUID

import msgspec

from core.settings import Settings
from mobile_contract.incidents import IncidentDetail, IncidentRecord, RoomHistory
from mobile_contract.paging import Page
from mobile_contract.people import AccountView, Locale
from mobile_contract.plant import ActuatorView
from mobile_contract.room import RoomState, apply
from mobile_contract.room_events import HazardChanged, RoomEvent, RouteChanged, RouteProgressed
from mobile_contract.text import Text
from muster.addresses import find_addresses
from muster.client import Client
from muster.demo import catalogue
from muster.demo.control import Answer
from muster.demo.spread import SPREADS, Spread
from muster.demo.walker import Walker
from muster.phone.events import event_line
from muster.phone.session import Phone
from muster.phone.view import View, printable

Begin: TypeAlias = Callable[[], Awaitable[Answer]]

READER = "audit"
POLL_S = 0.5
# The slowest of the scenarios alarms within half a minute; then somebody has to look at the plant.
FIRST_ALARM_WITHIN_S = 120.0
# Commands and orders of the last alarm still come to their ends.
LINGER_S = 3.0
PAGE = 200

NOTHING_CAME = Text("没有产生事件", "no incident came of it")
BACK = Text("报警全部恢复正常", "every alarm is back to normal")
LEFT_TO_DO = Text(
    "事件仍待负责人关闭；风机等设备在关闭后停止",
    "the incident waits to be closed by a person; what was started stops then",
)


class Followed(msgspec.Struct):
    """One incident's room, told up to event ``seq``; ``touched``: something of it was told."""

    room: UUID
    seq: int
    state: str
    touched: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whether to tell what follows, and in which language."""
    parser.add_argument("--no-watch", action="store_true", help="do not wait and tell what follows")
    parser.add_argument("--locale", choices=get_args(Locale), default=_language(), help="of what is told (%(default)s)")


def _language() -> Locale:
    spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh-CN" if spoken.startswith("zh") else "en"


def run(args: argparse.Namespace, settings: Settings, begin: Begin) -> int:
    """Begin it and tell what follows; returns 0, or 1 when no incident came of it."""
    return asyncio.run(_run(args, settings, begin))


async def _run(args: argparse.Namespace, settings: Settings, begin: Begin) -> int:
    if args.no_watch:
        print(_words(await begin(), args.locale))
        return 0
    url = find_addresses(settings).http_url
    client = Client(url, args.locale)
    walker = None if getattr(args, "no_walker", True) else Walker(url, args.locale, _print)
    try:
        walks = walker is not None and await walker.get_ready()
        narrator = Narrator(client, args.locale, walker if walks else None)
        await narrator.sign_in()
        _print(_words(await begin(), args.locale))
        return await narrator.tell()
    finally:
        await client.close()
        if walker is not None:
            await walker.close()


def _print(text: str) -> None:
    print(printable(text), flush=True)


def _words(answer: Answer, locale: Locale) -> str:
    return answer.zh or answer.text if locale == "zh-CN" else answer.text


class Narrator:
    """One story. ``sign_in`` notes where every room stands, so that only what is new is told."""

    def __init__(self, client: Client, locale: Locale, walker: Walker | None = None) -> None:
        self._client = client
        self._locale = locale
        self._walker = walker
        self._spread = Spread()
        self._view = View(Phone(), READER, locale)
        self._rooms = self._view.phone.rooms
        self._followed: dict[UUID, Followed] = {}

    async def sign_in(self) -> None:
        """As the demo's auditor; raises MusterError."""
        await self._client.sign_in(catalogue.TENANT, READER, catalogue.PASSWORD, label="demo")
        machines = await self._client.get("/v1/actuators", Page[ActuatorView], limit=PAGE)
        people = await self._client.get("/v1/accounts", Page[AccountView], limit=PAGE)
        self._view.names |= {machine.id: machine.name for machine in machines.items}
        self._view.names |= {it.id: Text(it.display_name, it.display_name) for it in people.items}
        for incident in await self._open_incidents():
            await self._follow(incident, from_start=False)

    async def tell(self) -> int:
        """Until all that was touched is back to normal and nobody walks, and a little more; 1 when nothing was within
        the time."""
        if self._walker is None:
            return await self._tell_to_the_end(lambda: False)
        async with asyncio.TaskGroup() as tasks:
            walker, walk = self._walker, tasks.create_task(self._walker.go())
            told = await self._tell_to_the_end(lambda: walker.called and not walk.done())
            walk.cancel()
        if not walker.called:
            walker.tell_no_order()
        return told

    async def _tell_to_the_end(self, walks: Callable[[], bool]) -> int:
        loop = asyncio.get_running_loop()
        began, over_at = loop.time(), None
        while over_at is None or loop.time() < over_at:
            await self._tell_news()
            touched = [it for it in self._followed.values() if it.touched]
            if not touched and loop.time() > began + FIRST_ALARM_WITHIN_S:
                print(NOTHING_CAME.in_(self._locale))
                return 1
            if walks() or not touched or any(it.state == "open" for it in touched):
                over_at = None
            elif over_at is None:
                over_at = loop.time() + LINGER_S
            await asyncio.sleep(POLL_S)
        print(f"{BACK.in_(self._locale)}；{LEFT_TO_DO.in_(self._locale)}。" if self._locale == "zh-CN"
              else f"{BACK.en}; {LEFT_TO_DO.en}.")  # fmt: skip
        return 0

    async def _tell_news(self) -> None:
        found = {incident.id: incident for incident in await self._open_incidents()}
        for incident in found.values():
            if incident.id not in self._followed:
                await self._follow(incident, from_start=True)
        for known, followed in self._followed.items():
            followed.state = found[known].state if known in found else "closed"
        for followed in self._followed.values():
            path = f"/v1/rooms/{followed.room}/events"
            history = await self._client.get(path, RoomHistory, after=followed.seq, limit=PAGE)
            for event in history.events:
                followed.seq, followed.touched = event.seq, True
                self._rooms[event.room] = apply(self._rooms[event.room], event)
                if (line := event_line(event, self._view)) and not self._is_told_by_walker(event):
                    _print(line)
                if isinstance(event.body, HazardChanged):
                    self._tell_spread(event.body)

    def _tell_spread(self, body: HazardChanged) -> None:
        for room in self._spread.news(body.hazard):
            _print(f"!! {SPREADS.in_(self._locale)} {room.in_(self._locale)}")

    def _is_told_by_walker(self, event: RoomEvent) -> bool:
        """He tells of his own way, step by step."""
        if self._walker is None or not isinstance(event.body, RouteChanged | RouteProgressed):
            return False
        body = event.body
        route = body.route if isinstance(body, RouteChanged) else self._rooms[event.room].routes.get(body.route)
        return route is not None and route.account == self._walker.account

    async def _open_incidents(self) -> list[IncidentRecord]:
        """Those that nobody has closed, oldest first."""
        found = await self._client.get("/v1/incidents", Page[IncidentRecord], limit=PAGE)
        return [incident for incident in reversed(found.items) if incident.state != "closed"]

    async def _follow(self, incident: IncidentRecord, *, from_start: bool) -> None:
        detail = await self._client.get(f"/v1/incidents/{incident.id}", IncidentDetail)
        if detail.room is None:
            return
        state = await self._client.get(f"/v1/rooms/{detail.room}", RoomState)
        if from_start:
            state = RoomState(room=state.room, epoch=state.epoch, seq=0)
        self._rooms[state.room] = state
        self._followed[incident.id] = Followed(state.room, state.seq, incident.state)
