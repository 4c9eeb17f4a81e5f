"""What is compiled for geo, made ready once a process and awaited by whoever needs it."""

from __future__ import annotations

import asyncio

from core.logging import get_logger
from geo.warm import warm

log = get_logger(__name__)


class Warming:
    """Begun with the process: the first who asks for a way does not wait for a compiler.

    On a machine's first start that takes some forty seconds of a core, later ones read what was compiled.
    """

    def __init__(self) -> None:
        self._warming: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Returns when everything is compiled; a try that failed is made again by the next who asks."""
        if self._warming is None or (self._warming.done() and self._warming.exception() is not None):
            self._warming = asyncio.create_task(asyncio.to_thread(warm))
        # Shielded: one who stops waiting does not end it for the others.
        await asyncio.shield(self._warming)

    async def run(self) -> None:
        """Begin; what fails is logged, and is no end of a process that serves without ways."""
        try:
            await self.ready()
        except Exception:
            log.exception("warming.failed")
