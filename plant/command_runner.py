"""Sends the commands of one site and watches for their proof; everything it needs after a restart is in the table.

A command is published at once, then its attempt is recorded: a crash in between publishes it again with the same key,
which a device acts on once. Feedback that proves something is acknowledged after the confirmation has committed.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core import audit, outbox
from core.clock import Clock
from core.database import Database, Tx
from core.errors import Unavailable
from core.logging import get_logger
from core.metrics import counter
from core.outlet import Inhibited, Output, Released, release
from mobile_contract.devices import COMMANDS, CommandMessage, FeedbackMessage, topic
from plant import command_queries as queries
from plant import commands
from plant.directory import Directory, KnownDevice
from plant.errors import LeaseLost
from plant.faults import TRANSIENT
from plant.model import Actuator, Command, CommandState, Lease, Reading
from plant.mqtt_link import Link

log = get_logger(__name__)

# Outbox events keyed by the command's id. changed: sent for the first time, confirmed or failed.
REQUESTED = "command.requested"
CHANGED = "command.changed"
TIMED_OUT = "command.timed_out"
# Look at least this often, whatever the clock says: it may be moved.
LOOK_EVERY_S = 1.0
# Between attempts to write to a database that is away, or to a command whose work failed.
DATABASE_RETRY_S = 0.25
# A broker that does not take a command within this is asked again: other commands' deadlines are held up no longer.
PUBLISH_TIMEOUT_S = 1.0
# Proofs that wait to be written. More than this and somebody repeats himself: his next word proves the same. (Messages
# with a packet id are bounded by the connection, and are taken.)
PROOFS_MAX = 1_000

_ends = counter("commands_ended", "Commands by how they ended.", ("state",))


class Proof(msgspec.Struct):
    """What may prove a command, with the message to acknowledge once that is written."""

    command_id: UUID
    evidence: FeedbackMessage | Reading
    link: Link | None
    mid: int


class CommandRunner:
    """One site's commands. ``link`` is the connection of the moment, None while the broker is away."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        lease: Lease,
        directory: Directory,
        on_watched: Callable[[frozenset[UUID]], None],
        on_changing: Callable[[Tx, Command], Awaitable[None]],
        on_changed: Callable[[Tx, Command], Awaitable[None]],
    ) -> None:
        self._db = db
        self._clock = clock
        self._lease = lease
        self._on_watched = on_watched
        self._on_changing = on_changing
        self._on_changed = on_changed
        self._live: dict[UUID, tuple[Command, Actuator]] = {}
        # When a deadline passes by the steady clock: the other one may be set back.
        self._ends_at: dict[UUID, float] = {}
        self._faulted = False
        self._proofs: deque[Proof] = deque()
        self._stir = asyncio.Event()
        self._stale = True
        self.directory = directory
        self.link: Link | None = None

    def look(self) -> None:
        """The table has changed, or the connection has."""
        self._stale = True
        self._stir.set()

    def on_feedback(self, link: Link, mid: int, device: KnownDevice, message: FeedbackMessage) -> bool:
        """Queue what proves or fails a live command; False: it says nothing new."""
        if not mid and len(self._proofs) >= PROOFS_MAX:
            return False
        actuator, now = device.actuators[message.actuator], self._clock.now()
        proven = [
            command.id
            for command, _ in self._live.values()
            if command.actuator_id == actuator.id and commands.on_feedback(command, actuator, message, now)
        ]
        for command_id in proven:
            # Acknowledged with the last of what it proves.
            self._proofs.append(Proof(command_id, message, link, mid if command_id == proven[-1] else 0))
        if proven:
            self._stir.set()
        return bool(proven)

    def on_reading(self, reading: Reading) -> None:
        """Queue a reading of a feedback sensor that proves a live command."""
        if len(self._proofs) >= PROOFS_MAX:
            return
        now = self._clock.now()
        for command, actuator in self._live.values():
            if commands.on_reading(command, actuator, reading, now):
                self._proofs.append(Proof(command.id, reading, None, 0))
                self._stir.set()

    async def load(self) -> None:
        """Read the live commands of the site; raises Unavailable."""
        self._stale = False
        async with self._db.transaction(self._lease.tenant_id) as tx:
            found = await queries.list_live_commands(tx, self._lease.tenant_id, self._lease.site_id)
        actuators = self.directory.actuators
        self._live = {c.id: (c, actuators[c.actuator_id]) for c in found if c.actuator_id in actuators}
        now, steady = self._clock.now(), asyncio.get_running_loop().time()
        self._ends_at = {
            c.id: self._ends_at.get(c.id, steady + commands.left_s(c, actuator, now))
            for c, actuator in self._live.values()
        }
        self._watch()

    async def run(self) -> None:
        """Send, retry, confirm and time out until cancelled."""
        while True:
            try:
                await self._step()
            except LeaseLost:
                raise
            except TRANSIENT as problem:
                log.warning("command.database_away", error=str(problem), live=len(self._live))
                await asyncio.sleep(DATABASE_RETRY_S)
                self._stale = True
                continue
            if self._faulted:
                self._faulted = False
                await asyncio.sleep(DATABASE_RETRY_S)
            await self._wait()

    async def _step(self) -> None:
        if self._stale:
            await self.load()
        while self._proofs:
            proof = self._proofs[0]
            written = await self._apart(proof.command_id, self._prove(proof))
            self._proofs.popleft()
            # Not written, it is not acknowledged: the broker brings it again, and the next attempt asks the device.
            if written and proof.link is not None and proof.mid:
                proof.link.ack([proof.mid])
        now = self._clock.now()
        for command, actuator in list(self._live.values()):
            if self._is_overdue(command, now):
                await self._apart(command.id, self._time_out(command, actuator))
            elif commands.is_given_up(command, now):
                await self._apart(command.id, self._give_up(command.id, actuator))
        due = [(c, a) for c, a in self._live.values() if commands.is_due(c, now)]
        if due and self.link is not None:
            link = self.link
            sending = [self._apart(command.id, self._send(link, command, actuator)) for command, actuator in due]
            for result in await asyncio.gather(*sending, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result

    async def _apart(self, command_id: UUID, work: Awaitable[None]) -> bool:
        """Do one command's work; a fault in it is said and holds up no other command, and no reading of the site."""
        try:
            await work
        except (LeaseLost, *TRANSIENT):
            raise
        except Exception as problem:
            log.exception("command.work_failed", command=str(command_id), error=str(problem))
            self._faulted = True
            return False
        return True

    def _is_overdue(self, command: Command, now: datetime) -> bool:
        if commands.is_overdue(command, now):
            return True
        return commands.awaits_proof(command) and (
            asyncio.get_running_loop().time() >= self._ends_at.get(command.id, math.inf)
        )

    async def _wait(self) -> None:
        now = self._clock.now()
        due = [wakes_at for c, _ in self._live.values() if (wakes_at := self._wakes_at(c)) is not None]
        left_s = min([LOOK_EVERY_S, *((at - now).total_seconds() for at in due)])
        try:
            async with asyncio.timeout(max(left_s, 0.0)):
                await self._stir.wait()
        except TimeoutError:
            return
        self._stir.clear()

    def _wakes_at(self, command: Command) -> datetime | None:
        if self.link is None and command.state is CommandState.TIMED_OUT:
            return None  # Nothing can be sent and nobody is left to tell: the new connection calls look().
        if self.link is None:
            return command.deadline_at
        return commands.wakes_at(command)

    async def _send(self, link: Link, command: Command, actuator: Actuator) -> None:
        device = self.directory.device_of(actuator)
        name = topic(self.directory.tenant, self.directory.site, device.slug, COMMANDS)
        try:
            leave = release(Output.ACTUATOR, exercise=command.inhibited)
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                await _publish(leave, link, name, commands.message_of(command, actuator))
        except Inhibited:
            await self._hold_back(command, actuator)
            return
        except (Unavailable, TimeoutError) as problem:
            # Not recorded as sent; the deadline runs on.
            log.warning("command.not_sent", command=str(command.id), error=str(problem))
            again_at = self._clock.now() + timedelta(seconds=commands.RETRY_S[0])
            self._keep(msgspec.structs.replace(command, next_attempt_at=again_at), actuator)
            return
        log.info("command.sent", command=str(command.id), actuator=actuator.slug, attempt=command.attempts + 1)
        async with self._db.transaction(self._lease.tenant_id) as tx:
            current = await self._lock(tx, command)
            if commands.is_live(current):
                before, current = current, commands.sent(current, tx.now)
                await queries.save_command(tx, self._lease.tenant_id, current)
                if current.state is not before.state:
                    await self._on_changed(tx, current)
        self._keep(current, actuator)

    async def _hold_back(self, command: Command, actuator: Actuator) -> None:
        """A drill's command stays here: nothing is on the wire, and it says of itself that it was held back."""
        async with self._db.transaction(self._lease.tenant_id) as tx:
            current = await self._lock(tx, command)
            if commands.awaits_proof(current):
                current = commands.held_back(current, tx.now)
                await queries.save_command(tx, self._lease.tenant_id, current)
                await outbox.append(tx, CHANGED, current.id, _facts(current))
                await audit.record(tx, None, "command.held_back", "command", current.id, current.feedback)
                await self._on_changed(tx, current)
                _ends.labels("held_back").inc()
        self._keep(current, actuator)

    async def _time_out(self, command: Command, actuator: Actuator) -> None:
        async with self._db.transaction(self._lease.tenant_id) as tx:
            current = await self._lock(tx, command)
            if commands.awaits_proof(current):
                current = commands.timed_out(current, tx.now)
                await queries.save_command(tx, self._lease.tenant_id, current)
                await outbox.append(tx, TIMED_OUT, current.id, _facts(current))
                await self._on_changed(tx, current)
                _ends.labels("timed_out").inc()
                log.warning("command.timed_out", command=str(current.id), actuator=actuator.slug)
        self._keep(current, actuator)

    async def _give_up(self, command_id: UUID, actuator: Actuator) -> None:
        async with self._db.transaction(self._lease.tenant_id) as tx:
            current = await queries.lock_command(tx, self._lease.tenant_id, command_id)
            if commands.is_given_up(current, tx.now):
                current = commands.given_up(current)
                await queries.save_command(tx, self._lease.tenant_id, current)
                log.warning("command.given_up", command=str(current.id), actuator=actuator.slug)
        self._keep(current, actuator)

    async def _prove(self, proof: Proof) -> None:
        known = self._live.get(proof.command_id)
        if known is None:
            return
        command, actuator = known
        async with self._db.transaction(self._lease.tenant_id) as tx:
            current = await self._lock(tx, command)
            if isinstance(proof.evidence, Reading):
                after = commands.on_reading(current, actuator, proof.evidence, tx.now)
            else:
                after = commands.on_feedback(current, actuator, proof.evidence, tx.now)
            if after is not None:
                current = after
                await queries.save_command(tx, self._lease.tenant_id, current)
                await outbox.append(tx, CHANGED, current.id, _facts(current))
                action = f"command.{current.state.value}"
                await audit.record(tx, None, action, "command", current.id, current.feedback)
                await self._on_changed(tx, current)
                _ends.labels(current.state.value).inc()
        self._keep(current, actuator)

    async def _lock(self, tx: Tx, command: Command) -> Command:
        """The command's row as it is now, behind the locks that the layer above will need for what follows."""
        await self._on_changing(tx, command)
        return await queries.lock_command(tx, self._lease.tenant_id, command.id)

    def _keep(self, command: Command, actuator: Actuator) -> None:
        if commands.is_live(command):
            self._live[command.id] = (command, actuator)
        else:
            self._live.pop(command.id, None)
            self._ends_at.pop(command.id, None)
        self._watch()

    def _watch(self) -> None:
        self._on_watched(
            frozenset(
                actuator.feedback_sensor_id
                for _, actuator in self._live.values()
                if actuator.feedback_sensor_id is not None
            )
        )


async def _publish(leave: Released, link: Link, name: str, message: CommandMessage) -> None:
    """Put a command on the wire: with leave alone."""
    assert leave.output is Output.ACTUATOR
    await link.publish(name, msgspec.json.encode(message))


def _facts(command: Command) -> dict[str, object]:
    return {
        "actuator": str(command.actuator_id),
        "site": str(command.site_id),
        "action": command.action,
        "incident": None if command.incident_id is None else str(command.incident_id),
        "state": command.state.value,
        "feedback": command.feedback,
    }
