"""The phone in a person's hand: what they type becomes writes, what comes is kept and then shown.

The order of things is what makes a killed phone come back whole: a write is on disk before it is sent, a change before
it is told, and an order is called seen after it was shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Literal, Protocol
from uuid import uuid4

from core.clock import Clock
from core.errors import MusterError
from core.logging import get_logger
from mobile_contract.text import Text
from muster.phone import commands, push, words
from muster.phone.access import Access
from muster.phone.board import Card, alarm_to_acknowledge, next_key, proof_of, roll_call_to_answer
from muster.phone.commands import Command
from muster.phone.errands import Errands
from muster.phone.line import Line, Listener
from muster.phone.memory import MemoryFile
from muster.phone.model import Change, OrderArrived, RoomReplaced, Rung, SeenOrder, Write
from muster.phone.view import LineState, View
from muster.phone.walk import Walk
from muster.phone.words import say

log = get_logger(__name__)


class Display(Protocol):
    """Where the phone shows itself."""

    def tell(self, change: Change) -> None:
        """Something changed."""
        ...

    def line(self, state: LineState) -> None:
        """The line came or went."""
        ...

    def say(self, text: str, *, error: bool = False) -> None:
        """An answer to what was typed, or a warning."""
        ...

    def card(self, card: Card | None) -> None:
        """The card the person asked for."""
        ...

    def help(self) -> None:
        """Show or hide what can be typed."""
        ...

    def refresh(self) -> None:
        """Everything of this moment is told."""
        ...

    def shows(self, order_key: str) -> bool:
        """The order that was told is before the person's eyes."""
        ...


class Handset:
    """One running phone. ``quit`` is set when the person ends it."""

    def __init__(
        self,
        memory: MemoryFile,
        access: Access,
        view: View,
        display: Display,
        clock: Clock,
        find_push_url: Callable[[], str],
    ) -> None:
        self._memory = memory
        self._view = view
        self._display = display
        self._clock = clock
        self._find_push_url = find_push_url
        if not memory.kept.push_token:
            memory.kept.push_token = push.new_token()
        self._phone = view.phone
        self._phone.account = memory.kept.account
        self._news: list[Change] = []
        self._told = asyncio.Event()
        self.quit = asyncio.Event()
        listener = Listener(self._take, self._line_changed, self._set_aside)
        self._line = Line(access, self._phone, listener, clock, client="terminal")
        self._walk = Walk(access, view, clock, display.say)
        self._errands = Errands(
            access,
            view,
            self._take,
            partial(display.say, error=True),
            push_token=memory.kept.push_token,
            find_push_url=find_push_url,
        )

    async def run(self, *beside: Coroutine[Any, Any, None]) -> None:
        """Run until the person quits, ``beside`` with it; raises MusterError when the server does not let them in."""
        self._keep()
        self._show_what_is_kept()
        try:
            async with asyncio.TaskGroup() as tasks:
                work = [
                    *(tasks.create_task(more) for more in beside),
                    tasks.create_task(self._line.run()),
                    tasks.create_task(self._tell_news()),
                    tasks.create_task(self._errands.run()),
                    tasks.create_task(self._walk.run()),
                    tasks.create_task(push.listen(self._find_push_url, self._memory.kept.push_token, self._rang)),
                ]
                await self.quit.wait()
                for task in work:
                    task.cancel()
        except* MusterError as problems:
            # One reason is enough: whichever task met it, the person has to sign in.
            raise next(iter(leaves(problems))) from None
        finally:
            self._keep()

    def _show_what_is_kept(self) -> None:
        for state in list(self._phone.rooms.values()):
            self._news.append(RoomReplaced(state))
        live = [card.seen for card in self._view.cards() if card.seen is not None]
        self._news += [OrderArrived(seen.order) for seen in live if not seen.drawn]
        self._told.set()

    # --- from the server

    def _take(self, changes: list[Change]) -> None:
        self._news += changes
        self._errands.wake()
        self._told.set()

    def _line_changed(self, state: LineState) -> None:
        was, self._view.line = self._view.line, state
        kept = self._memory.kept
        self._phone.account = kept.account
        if not self._view.locale_is_wished and kept.locale is not None:
            self._view.locale = kept.locale
        if not state.online:
            self._errands.line_lost()
        if (was.online, was.why) != (state.online, state.why):
            self._display.line(state)
        self._errands.wake()
        self._told.set()

    def _rang(self, rung: Rung) -> None:
        self._take(self._phone.ring(rung, self._clock.now()))
        self._line.wake()
        self._line.hurry()

    def _set_aside(self, writes: list[Write]) -> None:
        for write in writes:
            text = f"{say_write(write, self._view.locale)}: {words.SET_ASIDE.in_(self._view.locale)}"
            self._display.say(text, error=True)

    async def _tell_news(self) -> None:
        while True:
            await self._told.wait()
            self._told.clear()
            news, self._news = self._news, []
            self._keep()
            for change in news:
                if isinstance(change, OrderArrived):
                    self._look_at(change.order.key)
                self._display.tell(change)
            if self._memory.warning is not None:
                self._display.say(self._word(self._memory.warning), error=True)
                self._memory.warning = None
            self._display.refresh()
            self._say_what_was_seen()

    def _look_at(self, order_key: str) -> None:
        looked_at = next((card for card in self._view.cards() if card.key == self._view.focus), None)
        if looked_at is None or looked_at.standing != "new":
            # And it stays there: an "a" must not meet another order that came or became more urgent meanwhile. One
            # whose time is over gives way.
            self._view.focus = order_key

    def _say_what_was_seen(self) -> None:
        undrawn = [key for key, seen in self._phone.orders.items() if not seen.drawn and self._display.shows(key)]
        for order_key in undrawn:
            self._phone.drawn(order_key, self._clock.now())
        if undrawn:
            self._keep()
            self._line.wake()

    def _keep(self) -> None:
        self._memory.kept.phone = self._phone.memory()
        try:
            self._memory.keep()
        except OSError as problem:
            # An order is shown all the same; what is lost is its memory after a restart.
            self._memory.failed(problem)

    # --- from the person

    async def perform(self, command: Command) -> None:
        """Do what was typed."""
        match command:
            case commands.Quit():
                self.quit.set()
            case commands.SignOut():
                await self._sign_out()
            case commands.Help():
                self._display.help()
            case commands.Next():
                self._show_next()
            case commands.Wrong(why):
                self._display.say(self._word(why), error=True)
            case commands.Say(text):
                self._say(text)
            case commands.Walk(times):
                self._walk.set_out(times)
            case commands.SeeAlarm():
                self._see_alarm()
            case commands.Safe(note):
                self._mark_self("safe", note)
            case commands.NeedHelp(note):
                self._mark_self("need_help", note)
            case _:
                self._answer(command)
        self._keep()
        self._line.wake()
        self._errands.wake()
        self._told.set()

    def _answer(self, command: Command) -> None:
        card = self._view.card()
        if card is None or card.seen is None:
            self._display.say(self._word(words.NO_TARGET), error=True)
            return
        order_key = card.seen.order.key
        # What follows is for the same order: without it, the next "g" would go to whichever is then the most urgent.
        self._view.focus = order_key
        match command:
            case commands.Acknowledge():
                self._phone.answer(order_key, "acknowledge", str(uuid4()))
            case commands.Decline(reason):
                self._phone.answer(order_key, "decline", str(uuid4()), reason)
            case commands.Going():
                self._phone.moving(order_key, self._clock.now())
            case commands.Done(note):
                self._phone.finish(order_key, str(uuid4()), note)
            case commands.ConfirmStep(n, proof):
                self._confirm(card.seen, n, proof)

    def _confirm(self, seen: SeenOrder, n: int, proof: str) -> None:
        found = proof_of(seen.order.steps, n, proof)
        if isinstance(found, Text):
            self._display.say(self._word(found), error=True)
        else:
            value, evidence = found
            self._phone.confirm(seen.order.key, n, str(uuid4()), value=value, evidence=evidence)

    def _mark_self(self, said: Literal["safe", "need_help"], note: str) -> None:
        call = roll_call_to_answer(self._phone, self._view.room())
        if call is None:
            self._display.say(self._word(words.NO_ROLL_CALL), error=True)
        else:
            self._phone.mark_self(call.id, said, uuid4(), self._clock.now(), note)

    def _say(self, text: str) -> None:
        card = self._view.card()
        if card is None:
            self._display.say(self._word(words.NO_ROOM), error=True)
        else:
            self._phone.post(card.room, text, str(uuid4()))

    def _see_alarm(self) -> None:
        alarm = alarm_to_acknowledge(self._view.room())
        if alarm is None:
            self._display.say(self._word(words.NO_ALARM), error=True)
        else:
            self._phone.acknowledge_alarm(alarm.id, str(uuid4()))

    def _show_next(self) -> None:
        card = self._view.card()
        self._view.focus = next_key(self._view.cards(), "" if card is None else card.key)
        self._display.card(self._view.card())

    async def _sign_out(self) -> None:
        if self._phone.unsent or not self._phone.online:
            self._display.say(self._word(words.SIGN_OUT_WAITS), error=True)
            return
        try:
            await self._errands.sign_out()
        except MusterError as problem:
            self._display.say(problem.detail(self._view.locale), error=True)
            return
        self._memory.erase()
        self.quit.set()

    def _word(self, text: Text) -> str:
        return text.in_(self._view.locale)


def leaves(group: BaseExceptionGroup[MusterError]) -> Iterator[MusterError]:
    """The errors in a group of groups."""
    for problem in group.exceptions:
        if isinstance(problem, BaseExceptionGroup):
            yield from leaves(problem)
        else:
            yield problem


def say_write(write: Write, locale: str) -> str:
    """What kind of write it is."""
    return say(words.WRITES, str(write.__struct_config__.tag), locale)
