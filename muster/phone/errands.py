"""What the phone does over HTTP while its line is up: its push address, writes that have no frame, and names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from core.errors import MusterError
from mobile_contract.live import ProblemFrame
from mobile_contract.paging import Page
from mobile_contract.people import AccountView, PhoneView, PushAddress
from mobile_contract.plant import ActuatorView
from mobile_contract.text import Text
from muster.client import Client
from muster.phone.access import Access, is_passing
from muster.phone.line import pause_s
from muster.phone.model import AcknowledgeAlarm, Change, ConfirmStep, FinishTask, HttpWrite
from muster.phone.view import View

# One page; a plant with more names the others as they come.
MACHINES_MAX = 200
SIGN_OUT = "/v1/sign-out"


def request_of(write: HttpWrite, account: UUID | None) -> tuple[str, dict[str, Any]]:
    """Where a write goes and what it says. Pure."""
    if isinstance(write, FinishTask):
        return f"/v1/tasks/{write.task}/done", {"note": write.note}
    if isinstance(write, AcknowledgeAlarm):
        return f"/v1/alarms/{write.alarm}/acknowledge", {}
    if isinstance(write, ConfirmStep):
        body = {"step": write.step, "value": write.value, "evidence": write.evidence}
        return f"/v1/tasks/{write.task}/steps/confirm", body
    mark = {
        "id": write.key,
        "person": account,
        "said": write.said,
        "seen": write.seen,
        "note": write.note,
        "at": write.at,
    }
    return f"/v1/roll-calls/{write.roll_call}/marks", {"marks": [mark]}


class Errands:
    """One phone's HTTP work, one request at a time; ``find_push_url`` empty: this phone can not be rung."""

    def __init__(
        self,
        access: Access,
        view: View,
        changed: Callable[[list[Change]], None],
        warn: Callable[[str], None],
        *,
        push_token: str,
        find_push_url: Callable[[], str],
    ) -> None:
        self._access = access
        self._view = view
        self._changed = changed
        self._warn = warn
        self._push_token = push_token
        self._find_push_url = find_push_url
        self._can_be_rung = False
        self._asked: set[UUID] = set()
        self._knows_machines = False
        self._due = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do."""
        self._due.set()

    def line_lost(self) -> None:
        """The push address is said again on the next line: meanwhile the server may have retired it."""
        self._can_be_rung = False

    async def run(self) -> None:
        """Work until cancelled; raises MusterError when the server does not let this person in."""
        failed = 0
        while True:
            await self._due.wait()
            self._due.clear()
            if not self._view.phone.online:
                continue
            try:
                for write in self._view.phone.http_writes():
                    await self._send(write)
                await self._register_push()
                await self._look_up_names()
                failed = 0
            except MusterError as problem:
                if not is_passing(problem):
                    raise
                failed += 1
                await asyncio.sleep(pause_s(failed, 0.5))
                self._due.set()

    async def sign_out(self) -> None:
        """End this sign-in, its device and its push address; raises MusterError."""
        await self._access.call(lambda client: client.post(SIGN_OUT, {}, object))

    async def _send(self, write: HttpWrite) -> None:
        async def ask(client: Client) -> object:
            path, body = request_of(write, self._view.phone.account)
            return await client.post(path, body, object, key=write.key)

        try:
            await self._access.call(ask)
        except MusterError as problem:
            if is_passing(problem) or self._access.is_signed_out:
                raise
            frame = ProblemFrame(write.key, problem.code, problem.field, Text(problem.zh, problem.en))
            self._changed(self._view.phone.refuse_http(frame))
        else:
            self._changed(self._view.phone.settle_http(write.key))

    async def _register_push(self) -> None:
        if self._can_be_rung or not self._find_push_url():
            return
        path, address = f"/v1/devices/{self._access.device}/push", PushAddress("fcm", self._push_token)
        try:
            await self._access.call(lambda client: client.put(path, address, PhoneView))
        except MusterError as problem:
            if is_passing(problem):
                raise
            # The line brings orders too; without a push address there is one way less.
            self._warn(problem.detail(self._view.locale))
        self._can_be_rung = True

    async def _look_up_names(self) -> None:
        """Machines and people in the rooms; who may not read accounts sees the end of an id."""
        await self._know_machines()
        for actuator in self._unknown(machines=True):
            view = await self._ask(f"/v1/actuators/{actuator}", ActuatorView)
            if isinstance(view, ActuatorView):
                self._view.names[actuator] = view.name
        for account in self._unknown(machines=False):
            person = await self._ask(f"/v1/accounts/{account}", AccountView)
            if isinstance(person, AccountView):
                self._view.names[account] = Text(person.display_name, person.display_name)

    async def _know_machines(self) -> None:
        """Ahead of an incident, so that the first line about a machine names it."""
        if self._knows_machines:
            return
        self._knows_machines = True
        with suppress(MusterError):
            found = await self._access.call(
                lambda client: client.get("/v1/actuators", Page[ActuatorView], limit=MACHINES_MAX)
            )
            self._view.names |= {actuator.id: actuator.name for actuator in found.items}

    def _unknown(self, *, machines: bool) -> set[UUID]:
        found: set[UUID | None] = set()
        for state in self._view.phone.rooms.values():
            if machines:
                found |= {command.actuator for command in state.commands.values()}
            else:
                found |= {message.by for message in state.messages} | set(state.members)
                found |= {task.owner for task in state.tasks.values()}
        wanted = {known for known in found if known is not None and known not in self._asked | self._view.names.keys()}
        self._asked |= wanted
        return wanted

    async def _ask(self, path: str, kind: type[AccountView] | type[ActuatorView]) -> AccountView | ActuatorView | None:
        try:
            return await self._access.call(lambda client: client.get(path, kind))
        except MusterError:
            # A name is no order: whatever stands in its way, the id is shown.
            return None
