"""The phone's person walks their route: positions along its lines, once a second, as a real phone sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.clock import Clock
from core.errors import MusterError
from core.logging import get_logger
from mobile_contract.wayfinding import RoutePositions, RouteProgress, RouteView
from muster.client import Client
from muster.phone import words
from muster.phone.access import Access, is_passing
from muster.phone.pace import Pace
from muster.phone.routes import own_route
from muster.phone.view import View

log = get_logger(__name__)

EVERY_S = 1.0


class Walk:
    """One phone's person. ``set_out`` with 0 stands still."""

    def __init__(self, access: Access, view: View, clock: Clock, say: Callable[[str], None]) -> None:
        self._access = access
        self._view = view
        self._clock = clock
        self._say = say
        self._times = 0.0
        self._wanted = asyncio.Event()

    def set_out(self, times: float) -> None:
        """Walk from here, so many times as fast as people walk."""
        self._times = times
        if times > 0:
            self._wanted.set()
        else:
            self._wanted.clear()
        self._say(words.WALKING.in_(self._view.locale) if times > 0 else words.STANDING_STILL.in_(self._view.locale))

    async def run(self) -> None:
        """Until cancelled; raises MusterError when the server does not let this person in."""
        while True:
            await self._wanted.wait()
            await self._walk()
            self._wanted.clear()

    async def _walk(self) -> None:
        """To the end of the route, or until there is none, or the person stands still."""
        pace = Pace()
        loop = asyncio.get_running_loop()
        before = loop.time()
        while self._wanted.is_set():
            route = own_route(self._view.phone, self._view.card())
            if route is None or not route.steps:
                self._say(words.NO_ROUTE.in_(self._view.locale))
                return
            now = loop.time()
            pace, before = pace.onward(route, 1000.0 * (now - before) * self._times), now
            if route.arrived_at is not None:
                self._say(words.ARRIVED.in_(self._view.locale))
                return
            await self._send(route, pace)
            await asyncio.sleep(EVERY_S)

    async def _send(self, route: RouteView, pace: Pace) -> None:
        fix = pace.fix(route, self._clock.now())
        assert fix is not None

        async def ask(client: Client) -> RouteProgress:
            said = RoutePositions(route.revision, [fix])
            return await client.post(f"/v1/me/routes/{route.id}/positions", said, RouteProgress)

        try:
            await self._access.call(ask)
        except MusterError as problem:
            if self._access.is_signed_out:
                raise
            # A position that is lost is followed by the next; a way that is over leaves the room, and ends this.
            log.info("phone.position_lost", error=str(problem), passing=is_passing(problem))
