"""The two ways a phone shows itself: lines on any output, or a screen on a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TextIO

from rich.console import Console
from rich.live import Live

from core.clock import Clock
from core.errors import Unavailable
from muster.phone import plain
from muster.phone.board import Card
from muster.phone.model import (
    Change,
    EventApplied,
    NoticeArrived,
    OrderArrived,
    OrderRang,
    Refused,
    RouteArrived,
    WriteSettled,
)
from muster.phone.routes import is_loud
from muster.phone.screen import render
from muster.phone.view import LineState, View, printable

# The terminal's bell: an order is heard by who looks elsewhere.
BELL = "\a"


class PlainDisplay:
    """One line a change; ``as_json`` for programs."""

    def __init__(self, out: TextIO, view: View, *, as_json: bool) -> None:
        self._out = out
        self._view = view
        self._as_json = as_json
        self._orders: set[str] = set()

    def tell(self, change: Change) -> None:
        """See `handset.Display`."""
        self._print(plain.change_json(change) if self._as_json else plain.change_line(change, self._view))
        if isinstance(change, OrderArrived):
            self._orders.add(change.order.key)

    def line(self, state: LineState) -> None:
        """See `handset.Display`."""
        facts = {"online": state.online, "why": None if state.online else state.why}
        unsent = self._view.phone.unsent
        text = plain.line_text(state, self._view)
        self._print(plain.to_json("line", {**facts, "unsent": unsent}) if self._as_json else text)

    def say(self, text: str, *, error: bool = False) -> None:
        """See `handset.Display`."""
        self._print(plain.to_json("said", {"text": text, "error": error}) if self._as_json else text)

    def card(self, card: Card | None) -> None:
        """See `handset.Display`."""
        self._print(plain.card_json(card) if self._as_json else plain.card_line(card, self._view))

    def help(self) -> None:
        """See `handset.Display`."""
        self.say(plain.help_line(self._view.locale))

    def refresh(self) -> None:
        """Every line is out already."""

    def shows(self, order_key: str) -> bool:
        """What was told is written out."""
        return order_key in self._orders

    def _print(self, text: str) -> None:
        if not text:
            return
        try:
            # Flushed at once: what is only in a buffer is not before anybody's eyes.
            print(printable(text), file=self._out, flush=True)
        except BrokenPipeError as problem:
            raise Unavailable(
                "phone.output_closed", "nobody reads this phone's output any more", "已无人读取此手机的输出"
            ) from problem


class ScreenDisplay:
    """The whole terminal, drawn anew when something changed; `Live` is the caller's to start and stop."""

    def __init__(self, console: Console, view: View, clock: Clock) -> None:
        self._console = console
        self._view = view
        self._clock = clock
        self.live = Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def tell(self, change: Change) -> None:
        """See `handset.Display`."""
        if isinstance(change, OrderArrived | OrderRang):
            self.refresh()
            self._console.file.write(BELL)
            self._console.file.flush()
        elif isinstance(change, EventApplied) and is_loud(change.event.body, self._view.phone):
            self.say(plain.change_line(change, self._view), error=True)
            self._console.file.write(BELL)
            self._console.file.flush()
        elif isinstance(change, Refused):
            self.say(plain.refused_line(change.problem, self._view.locale), error=True)
        elif isinstance(change, NoticeArrived | RouteArrived):
            self.say(plain.change_line(change, self._view))
        elif isinstance(change, WriteSettled):
            self._view.notice = plain.change_line(change, self._view) or self._view.notice

    def line(self, state: LineState) -> None:
        """The header says it."""
        self.refresh()

    def say(self, text: str, *, error: bool = False) -> None:
        """See `handset.Display`."""
        self._view.notice = text
        self.refresh()

    def card(self, card: Card | None) -> None:
        """The screen shows the card looked at."""
        self.refresh()

    def help(self) -> None:
        """See `handset.Display`."""
        self._view.help = not self._view.help
        self.refresh()

    def refresh(self) -> None:
        """Draw what is known at this moment."""
        now: datetime = self._clock.now()
        width, height = self._console.size
        self.live.update(render(self._view, now, width, height), refresh=True)

    def shows(self, order_key: str) -> bool:
        """One order at a time is on the screen; the others are counted in its header and come with `n`."""
        card = self._view.card()
        return card is not None and card.key == order_key
