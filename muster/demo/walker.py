"""A responder of the demo who takes the order and walks its way, told line by line: what a real phone does, over HTTP.

Positions go out along the route's lines at walking pace. On the way a door is reported to stand open, so that the leak
spreads and the way becomes another; the report ends by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from core.errors import MusterError
from mobile_contract.incidents import TaskAnswer, TaskRecord
from mobile_contract.paging import Page
from mobile_contract.passages import PassageEdit, PassageView
from mobile_contract.people import Locale
from mobile_contract.plant import SiteView
from mobile_contract.presence import PositionAnswer, PositionReport, ReportedPosition
from mobile_contract.text import Text
from mobile_contract.wayfinding import RoutePositions, RouteProgress, RouteView
from muster.client import Client
from muster.demo import catalogue
from muster.phone.pace import ACCURACY_M, Pace
from muster.phone.routes import because, duration, route_step_line
from muster.phone.view import quantity

T = TypeVar("T")

WALKER, REPORTER = "wang", "admin"
# At spindle 1, where his badge says he is.
START_M = (30.0, 20.0)
OPEN_DOOR = "door-solvent-store"
# He is still in the machine hall, and both ways to the store are open to him.
DOOR_OPENS_AFTER_MS = 6_000.0
DOOR_OPEN_FOR = timedelta(minutes=2)
EVERY_S = 1.0
LOOK_EVERY_S = 0.5
# The alarm itself may take as long as the narrator waits for it.
ORDER_WITHIN_S = 120.0
# A map of the site is made in a second, on a machine that does it for the first time in half a minute.
ROUTE_WITHIN_S = 20.0
# Twice what the longest way of the demo takes, and a wait at the edge of a hazard.
WALK_WITHIN_S = 240.0

TAKES = Text("接受任务", "takes the order")
WAY = Text("路线", "the way")
NO_ORDER = Text("没有收到任务，未出发", "no order came to him, so he did not set out")
NO_WAY = Text("没有收到路线，故事不含行走", "no way came; the story goes on without a walk")
THERE = Text("已到达", "is there")
WAITS = Text("在危险区边缘等候", "waits at the edge of the hazard")
WAY_OVER = Text("路线结束", "the way is over")
STAYS = Text("留在原地", "stays where he is")
LEFT_OFF = Text("行走中断", "the walk breaks off")
DOOR_OPEN = Text("门禁报告：溶剂库门敞开", "the door controller reports that the solvent store's door stands open")


class Walker:
    """One walk; ``say`` prints a line. ``get_ready`` before anything happens, then ``go``; neither raises anything.

    ``called``: he has an order, and the story waits for him.
    """

    def __init__(self, url: str, locale: Locale, say: Callable[[str], None]) -> None:
        self._client, self._reporter = Client(url, locale), Client(url, locale)
        self._locale = locale
        self._say = say
        self._known: set[UUID] = set()
        self._site: UUID | None = None
        self.called = False
        self.account: UUID | None = None
        self._name = WALKER

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._reporter.close()

    async def get_ready(self) -> bool:
        """Sign in, be seen where the walk begins, and know what was ordered before; False: there will be no walk."""
        try:
            await self._get_ready()
        except MusterError as problem:
            self._tell(f"{LEFT_OFF.in_(self._locale)}: {problem.detail(self._locale)}")
            return False
        return True

    async def _get_ready(self) -> None:
        session = await self._client.sign_in(catalogue.TENANT, WALKER, catalogue.PASSWORD, label="demo walker")
        self.account, self._name = session.account.id, session.account.display_name
        await self._reporter.sign_in(catalogue.TENANT, REPORTER, catalogue.PASSWORD, label="demo walker")
        sites = await self._reporter.get("/v1/sites", Page[SiteView])
        self._site = sites.items[0].id
        lon, lat = catalogue.lon_lat(*START_M)
        seen = ReportedPosition(datetime.now(UTC), lon, lat, ACCURACY_M, 0)
        await self._client.post("/v1/me/positions", PositionReport([seen]), PositionAnswer)
        self._known = {task.id for task in await self._tasks()}

    async def go(self) -> None:
        """Take the first order that comes, and walk its way to the end of it."""
        try:
            await self._go()
        except MusterError as problem:
            self._tell(f"{LEFT_OFF.in_(self._locale)}: {problem.detail(self._locale)}")

    async def _go(self) -> None:
        task = await self._within(ORDER_WITHIN_S, self._new_task)
        if task is None:
            return
        self.called = True
        await self._client.post(f"/v1/tasks/{task.id}/answer", TaskAnswer("acknowledge"), TaskRecord)
        self._tell(f"{TAKES.in_(self._locale)}: {task.title.in_(self._locale)}")
        route = await self._within(ROUTE_WITHIN_S, lambda: self._route_of(task.id))
        if route is None:
            self._tell(NO_WAY.in_(self._locale))
            return
        await self._walk(task.id, route)

    async def _walk(self, task: UUID, route: RouteView) -> None:
        loop = asyncio.get_running_loop()
        before, until = loop.time(), loop.time() + WALK_WITHIN_S
        pace, told, opened, waits = Pace(), self._tell_way(route), False, False
        while loop.time() < until:
            now = loop.time()
            pace, before = pace.onward(route, 1000.0 * (now - before)), now
            progress = await self._send(route, pace)
            if progress is not None and progress.revision == route.revision:
                self._tell_steps(route, {progress.step, *progress.push} - told)
                told |= {progress.step, *progress.push}
                if progress.arrived and route.state == "safe":
                    self._tell(f"{THERE.in_(self._locale)}: {route.target.in_(self._locale)}")
                    return
                if progress.arrived and not waits:
                    waits = True
                    self._tell(WAITS.in_(self._locale))
            if not opened and pace.walked_ms >= DOOR_OPENS_AFTER_MS:
                opened = True
                await self._open_door()
            await asyncio.sleep(EVERY_S)
            newer = await self._route_of(task)
            if newer is None:
                self._tell(WAY_OVER.in_(self._locale))
                return
            if newer.revision != route.revision:
                self._say(f"!! {self._name}: {because(newer, self._locale)}")
                told, waits = self._tell_way(newer), False
            route = newer

    async def _send(self, route: RouteView, pace: Pace) -> RouteProgress | None:
        fix = pace.fix(route, datetime.now(UTC))
        if fix is None:
            return None
        said = RoutePositions(route.revision, [fix])
        return await self._client.post(f"/v1/me/routes/{route.id}/positions", said, RouteProgress)

    async def _open_door(self) -> None:
        """Without a plan in force there is no such door, and the walk goes on."""
        path = f"/v1/sites/{self._site}/passages/state?of=door&feature={OPEN_DOOR}"
        state = PassageEdit(state="open", reason="muster demo leak", until=datetime.now(UTC) + DOOR_OPEN_FOR)
        try:
            await self._reporter.put(path, state, PassageView)
        except MusterError as problem:
            self._say(f"✗ {problem.detail(self._locale)}")
        else:
            self._say(f"!! {DOOR_OPEN.in_(self._locale)}")

    # --- what is told

    def tell_no_order(self) -> None:
        """The story is over, and nobody asked him."""
        self._tell(NO_ORDER.in_(self._locale))

    def _tell(self, text: str) -> None:
        self._say(f"→ {self._name}: {text}")

    def _tell_way(self, route: RouteView) -> set[int]:
        """Where to, how long and how far, what to heed, the first step; returns the steps that were told."""
        locale = self._locale
        parts = [f"{WAY.in_(locale)}: {route.target.in_(locale)}"]
        if route.steps:
            parts += [duration(route.walk_s, locale), quantity(round(route.distance_m), "m")]
        elif route.reason is None:
            parts.append(STAYS.in_(locale))
        heeded = [*([route.reason] if route.reason else []), *(it for it in route.warnings if it != route.reason)]
        self._tell(" · ".join([*parts, *(f"⚠ {text.in_(locale)}" for text in heeded)]))
        self._tell_steps(route, {1})
        return {1}

    def _tell_steps(self, route: RouteView, numbers: set[int]) -> None:
        for step in route.steps:
            # That one is there is said of the person.
            if step.n in numbers and step.kind != "arrive":
                self._say(f"     {route_step_line(step, self._locale)}")

    # --- what is asked

    async def _tasks(self) -> list[TaskRecord]:
        return (await self._client.get("/v1/me/tasks", Page[TaskRecord])).items

    async def _new_task(self) -> TaskRecord | None:
        return next((it for it in await self._tasks() if it.id not in self._known and it.state == "open"), None)

    async def _route_of(self, task: UUID) -> RouteView | None:
        routes = await self._client.get("/v1/me/routes", Page[RouteView])
        return next((it for it in routes.items if it.task == task and it.ended_at is None), None)

    async def _within(self, seconds: float, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """The first that is found in the time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (found := await look()) is None and loop.time() < until:  # noqa: ASYNC110 - another process finds it
            await asyncio.sleep(LOOK_EVERY_S)
        return found
