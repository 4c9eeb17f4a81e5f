"""The terminal phone as a process of its own, on a real server with a real database, killed and cut off."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import uvicorn

from api.app import build_app
from api.deps import ApiDeps
from core.database import Database
from core.device_ca import DeviceCa
from core.file_store import DiskFiles
from core.outbox import Listener
from incidents import rooms, views
from incidents.reaching import delivery_queries, orders
from mobile_contract.room import RoomState
from mobile_contract.room_events import MessagePosted, TaskAssigned
from mobile_contract.text import Text
from muster.demo.push_service import run_push_service
from people import sign_in
from people.authenticator import Authenticator
from people.passwords import Passwords
from people.tokens import Tokens
from plant.places.site_maps import SiteMaps
from realtime.asgi import server_config, with_live
from realtime.channels import Notice, Target
from realtime.edge import Edge
from realtime.incident_ports import incident_ports
from realtime.push import Fcm
from tests import incident_world
from tests.clusters import TENANT_SLUG, Clone
from tests.conftest import ROOT
from tests.incident_world import World

PASSWORD = "correct horse battery"
# A phone that has waited this long has found a fault.
PATIENCE_S = 20.0

Line = dict[str, Any]


class Plant:
    """The server, which can be stopped and started on one port, and the database behind it."""

    def __init__(self, db: Database, clone: Clone, world: World, keys: Path) -> None:
        self.db = db
        self.world = world
        self._clone = clone
        self._keys = keys
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.passwords = Passwords()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """HTTP and rooms on the port until left; phones are told to resume elsewhere."""
        tokens = Tokens(self._keys, self.db.clock)
        authenticator = Authenticator(self.db, tokens)
        listener = Listener(self._clone.app_url)
        edge = Edge(self.db, listener, incident_ports(authenticator))
        checks, ca = {"database": self.db.ping}, DeviceCa(self._keys)
        files = DiskFiles(self._keys / "files")
        maps = SiteMaps(self.db)
        deps = ApiDeps(self.db, tokens, self.passwords, authenticator, checks, device_ca=ca, files=files, maps=maps)
        http = build_app(deps)
        listening = self._listening if self._listening.fileno() >= 0 else socket.create_server(("127.0.0.1", self.port))
        server = uvicorn.Server(server_config(with_live(http, edge), lifespan="off"))
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(listener.run()), tasks.create_task(edge.run())]
            await asyncio.wait_for(listener.listening.wait(), PATIENCE_S)
            serving = tasks.create_task(server._serve([listening]))
            try:
                yield
            finally:
                server.should_exit = True
                await serving
                listening.close()
                for task in background:
                    task.cancel()

    async def order(self, grade: int = 2) -> tuple[UUID, UUID]:
        """An order for wang: (task, delivery)."""
        tenant_id = self.world.tenant_id
        async with self.db.transaction(tenant_id) as tx:
            task = await incident_world.add_task(tx, self.world, self.world.wang)
            await rooms.append(tx, tenant_id, self.world.room_id, TaskAssigned(views.task_view(task)))
            order = orders.OrderContent(
                grade=grade, title=task.title, place=task.title, agent="acetone", steps=task.steps
            )
            return task.id, (await orders.queue_order(tx, tenant_id, task.id, self.world.wang, order)).id

    async def said(self, *texts: str) -> int:
        """Messages of the room; the last one's number."""
        seq = 0
        async with self.db.transaction(self.world.tenant_id) as tx:
            for text in texts:
                event = await rooms.append(tx, self.world.tenant_id, self.world.room_id, MessagePosted(text))
                seq = event.seq
        return seq

    async def room(self) -> RoomState:
        """The room from the tables."""
        async with self.db.transaction(self.world.tenant_id) as tx:
            return await rooms.fresh_snapshot(tx, self.world.tenant_id, self.world.room_id)

    async def facts(self, delivery: UUID) -> set[str]:
        """Which facts of the delivery are stored."""
        async with self.db.transaction(self.world.tenant_id) as tx:
            row = await delivery_queries.get_delivery(tx, self.world.tenant_id, delivery)
        names = ("received", "seen", "acknowledged", "moving", "declined")
        return {name for name in names if getattr(row, f"{name}_at") is not None}

    async def notice(self, delivery: UUID) -> Notice:
        """The push of a queued order."""
        async with self.db.transaction(self.world.tenant_id) as tx:
            row = await delivery_queries.get_delivery(tx, self.world.tenant_id, delivery)
        return Notice(
            delivery=delivery,
            key=orders.dedupe_key(row.task_id, row.account_id),
            task=row.task_id,
            incident=row.incident_id,
            room=self.world.room_id,
            grade=2,
            exercise=False,
            title=Text("丙酮泄漏", "Acetone leak"),
            place=Text("溶剂库", "Solvent store"),
            sent_at_ms=int(self.db.clock.now().timestamp() * 1000),
        )

    async def until_it_can_be_rung(self) -> Target:
        """Wait until the person's phone registered its push address."""
        sql = "SELECT id, push_token FROM person_devices WHERE push_token_state = 'active'"
        return Target(*(await self._until_row(sql)))

    async def until_audited(self, action: str, times: int = 1) -> None:
        """Wait for an act in the audit trail."""
        await self._until_row("SELECT 1 FROM audit WHERE action = $1 LIMIT 1 OFFSET $2", action, times - 1)

    async def revoke_devices(self) -> None:
        """Sign wang's phones out, as an admin does."""
        tenant_id, wang = self.world.tenant_id, self.world.wang
        async with self.db.transaction(tenant_id) as tx:
            for row in await tx.fetch("SELECT id FROM person_devices WHERE account_id = $1", wang):
                await sign_in.take_device_out_of_use(tx, tenant_id, wang, row["id"], action="device.revoked")

    async def until_said(self, text: str) -> None:
        """Wait for a message of the room."""
        await self._until_row("SELECT 1 FROM room_events WHERE kind = 'message.posted' AND body->>'text' = $1", text)

    async def _until_row(self, sql: str, *args: Any) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with self.db.transaction(self.world.tenant_id) as tx:
                    if (row := await tx.fetchrow(sql, *args)) is not None:
                        return row
                await asyncio.sleep(0.02)

    async def until_facts(self, delivery: UUID, *wanted: str) -> None:
        """Wait for the facts: each is committed, and a commit tells nobody in this process."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if set(wanted) <= await self.facts(delivery):
                    return
                await asyncio.sleep(0.02)


class PhoneProcess:
    """``muster phone --json``: ``lines`` is all it ever said, over every life it had."""

    def __init__(self, url: str, folder: Path) -> None:
        who = ["--as", "wang", "--tenant", TENANT_SLUG, "--url", url, "--json"]
        self.argv = [sys.executable, "-m", "muster", "phone", *who]
        self.folder = folder
        self.errors = ""
        own = {k: v for k, v in os.environ.items() if not k.startswith("MUSTER_")}
        secret = {"MUSTER_PHONE_PASSWORD": PASSWORD, "MUSTER_DATA_DIR": str(folder)}
        self.environ = {**own, **secret}
        self.lines: list[Line] = []
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *more: str) -> None:
        """A new life."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self.argv, *more, stdin=pipe, stdout=pipe, stderr=pipe, env=self.environ, cwd=ROOT, limit=2**24
        )

    async def type(self, *lines: str) -> None:
        """What the person types."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        await self._process.stdin.drain()

    async def until(self, is_it: Callable[[Line], Any]) -> Line:
        """Read on until a line is the one."""
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while raw := await self._process.stdout.readline():
                self.lines.append(msgspec.json.decode(raw))
                if is_it(self.lines[-1]):
                    return self.lines[-1]
        raise AssertionError(f"the phone ended: {(await self._process.communicate())[1].decode()}")

    async def until_change(self, change: str, **facts: Any) -> Line:
        """Read on until this change."""
        return await self.until(lambda line: line["change"] == change and facts.items() <= line.items())

    async def until_sent(self, kind: str) -> Line:
        """Read on until a write of this kind is committed; the write."""
        line = await self.until(lambda line: line["change"] == "sent" and line["write"]["type"] == kind)
        write: Line = line["write"]
        return write

    async def until_seq(self, seq: int) -> None:
        """Read on until the room is told up to ``seq``."""
        if not any(line.get("seq", 0) >= seq for line in self.lines):
            await self.until(lambda line: line.get("seq", 0) >= seq)

    async def kill(self) -> None:
        """End it as a battery does, and read what it had still said."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        out, _ = await self._process.communicate()
        self.lines += [msgspec.json.decode(raw) for raw in out.splitlines() if raw.endswith(b"}")]

    async def quit(self) -> int:
        """End it as a person does; the exit status."""
        await self.type("q")
        return await self.end()

    async def end(self) -> int:
        """Wait for its end."""
        assert self._process is not None
        out, err = await asyncio.wait_for(self._process.communicate(), PATIENCE_S)
        self.lines += [msgspec.json.decode(raw) for raw in out.splitlines()]
        assert b"Traceback" not in err, err.decode()
        self.errors = err.decode()
        assert self._process.returncode is not None
        return self._process.returncode

    def told(self, change: str) -> list[Line]:
        """Every line of one kind of change."""
        return [line for line in self.lines if line["change"] == change]

    def check_whole(self) -> None:
        """Every event once and in order: after a room's position only the next one, or the room as a whole."""
        seq = 0
        for line in self.lines:
            if line["change"] == "room":
                assert line["seq"] >= seq
                seq = line["seq"]
            elif line["change"] == "event":
                assert line["seq"] == seq + 1
                seq = line["seq"]
        keys = [line["order"]["key"] for line in self.told("order")]
        assert len(keys) == len(set(keys))


@pytest.fixture
async def plant(clone: Clone, tmp_path: Path) -> AsyncIterator[Plant]:
    async with Database.connect(clone.app_url) as db:
        async with db.transaction(clone.tenant_id) as tx:
            world = await incident_world.build(tx)
            await incident_world.stand(tx, world)
        made = Plant(db, clone, world, tmp_path / "keys")
        hashed = await made.passwords.hash(PASSWORD)
        async with db.transaction(clone.tenant_id) as tx:
            await tx.execute("UPDATE accounts SET password_hash = $1 WHERE tenant_id = $2", hashed, clone.tenant_id)
        yield made
        made.passwords.close()


@pytest.fixture
async def phone(plant: Plant, tmp_path: Path) -> AsyncIterator[PhoneProcess]:
    made = PhoneProcess(plant.url, tmp_path / "data")
    yield made
    if made._process is not None and made._process.returncode is None:
        await made.kill()


async def test_an_order_is_received_shown_answered_and_talked_about(plant: Plant, phone: PhoneProcess) -> None:
    async with plant.serving():
        await phone.start()
        await phone.until_change("line", online=True)
        task, delivery = await plant.order()
        told = await phone.until_change("order")
        assert (told["order"]["task"], told["order"]["agent"]) == (str(task), "acetone")
        await plant.until_facts(delivery, "received", "seen")
        await phone.type("a")
        assert (await phone.until_change("sent", result="acknowledged"))["write"]["answer"] == "acknowledge"
        await phone.type("g", "on my way", "/a")
        await plant.until_facts(delivery, "acknowledged", "moving")
        await plant.until_said("a")
        await phone.until_seq((await plant.room()).seq)
        assert [message.text for message in (await plant.room()).messages] == ["on my way", "a"]
        await phone.type("done aired out")
        await phone.until_sent("finish")
        assert (await plant.room()).tasks[task].state == "done"
        assert await phone.quit() == 0
    phone.check_whole()
    assert len(phone.told("order")) == 1


async def test_an_answer_is_for_the_order_that_was_shown_whatever_came_meanwhile(
    plant: Plant, phone: PhoneProcess
) -> None:
    async with plant.serving():
        await phone.start()
        shown, _ = await plant.order(grade=3)
        await phone.until_change("order")
        graver, _ = await plant.order(grade=1)
        await phone.until_change("order")
        await phone.type("a")
        assert (await phone.until_sent("answer"))["task"] == str(shown)
        await phone.type("n", "a")
        assert (await phone.until_sent("answer"))["task"] == str(graver)
        assert await phone.quit() == 0


async def test_an_alarm_is_acknowledged(plant: Plant, phone: PhoneProcess) -> None:
    async with plant.serving():
        await phone.start()
        await phone.until_change("room")
        await phone.type("ack")
        await phone.until_sent("acknowledge_alarm")
        room = await plant.room()
        assert room.alarms[plant.world.alarm_id].acknowledged_by == plant.world.wang
        await phone.until_seq(room.seq)
        await phone.type("ack")
        assert (await phone.until_change("said"))["error"]
        assert await phone.quit() == 0


async def test_an_order_is_declined_with_its_reason(plant: Plant, phone: PhoneProcess) -> None:
    async with plant.serving():
        await phone.start()
        _, delivery = await plant.order()
        await phone.until_change("order")
        await phone.type("d", "d no respirator here")
        assert "reason" in (await phone.until_change("said", error=True))["text"]
        assert (await phone.until_sent("answer"))["reason"] == "no respirator here"
        await plant.until_facts(delivery, "declined")
        assert await phone.quit() == 0


async def test_a_server_that_stops_and_starts_leaves_neither_gap_nor_double(plant: Plant, phone: PhoneProcess) -> None:
    async with plant.serving():
        await phone.start()
        await phone.until_change("line", online=True)
        await plant.order()
        await phone.until_change("order")
        await phone.until_seq(await plant.said("before"))
    await phone.until_change("line", online=False)
    await phone.type("said while nobody listened", "a")
    last = await plant.said("missed one", "missed two")
    _, delivery = await plant.order()
    async with plant.serving():
        await phone.until_change("line", online=True)
        await phone.until_seq(last)
        await phone.until_sent("answer")
        await plant.until_said("said while nobody listened")
        await plant.until_facts(delivery, "received", "seen")
        await phone.until_seq((await plant.room()).seq)
        assert await phone.quit() == 0
    phone.check_whole()
    assert len(phone.told("order")) == 2
    assert [m.text for m in (await plant.room()).messages].count("said while nobody listened") == 1


async def test_a_phone_that_is_killed_comes_back_where_it_was(plant: Plant, phone: PhoneProcess) -> None:
    async with plant.serving():
        await phone.start()
        await phone.until_change("line", online=True)
        _, delivery = await plant.order()
        await phone.until_change("order")
        await plant.until_facts(delivery, "received", "seen")
        await phone.until_seq(await plant.said("before"))
    await phone.until_change("line", online=False)
    await phone.type("typed before the battery was empty", "a", "n")
    await phone.until_change("card")
    await phone.kill()
    last = await plant.said("missed")
    async with plant.serving():
        # Without a password: what it kept is enough.
        phone.environ.pop("MUSTER_PHONE_PASSWORD")
        await phone.start()
        await phone.until_seq(last)
        await plant.until_facts(delivery, "acknowledged")
        await phone.until_seq((await plant.room()).seq)
        await plant.until_said("typed before the battery was empty")
        assert await phone.quit() == 0
    phone.check_whole()
    assert len(phone.told("order")) == 1


async def test_a_push_rings_once_and_its_order_comes_with_the_line(
    plant: Plant, phone: PhoneProcess, tmp_path: Path
) -> None:
    async with run_push_service(tmp_path / "push") as service:
        phone.environ["MUSTER_PUSH_SERVICE_URL"] = service.url
        async with plant.serving():
            await phone.start()
            target = await plant.until_it_can_be_rung()
        await phone.until_change("line", online=False)
        _, delivery = await plant.order()
        notice = await plant.notice(delivery)
        async with Fcm.open(service.credentials, url=service.url) as fcm:
            for _ in range(2):
                assert (await fcm.send(notice, target)).kind == "accepted"
        assert (await phone.until_change("push"))["push"]["grade"] == 2
        assert not await plant.facts(delivery)
        async with plant.serving():
            assert (await phone.until_change("order"))["order"]["key"] == notice.key
            await plant.until_facts(delivery, "received", "seen")
            assert await phone.quit() == 0
    assert (len(phone.told("push")), len(phone.told("order"))) == (1, 1)


async def test_an_access_token_is_renewed_over_the_open_socket(
    plant: Plant, phone: PhoneProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("people.tokens.ACCESS_LIFE", timedelta(seconds=4))
    async with plant.serving():
        await phone.start()
        await phone.until_change("line", online=True)
        # Renewed at half its life: after the second time, the token that it began with is over.
        await plant.until_audited("refresh.done", times=2)
        await phone.until_seq(await plant.said("still there"))
        assert await phone.quit() == 0
    assert len(phone.told("line")) == 1


async def test_a_sign_out_forgets_everything_here_and_there(plant: Plant, phone: PhoneProcess, tmp_path: Path) -> None:
    async with plant.serving():
        await phone.start()
        await phone.until_change("line", online=True)
        await phone.type("out")
        assert await phone.end() == 0
        await plant.until_audited("sign_out.done")
    assert not list((tmp_path / "data" / "phones").glob("*.json"))


async def test_a_phone_signed_out_elsewhere_signs_in_again_with_its_password(plant: Plant, phone: PhoneProcess) -> None:
    async with plant.serving():
        await phone.start()
        await phone.until_change("line", online=True)
        await plant.revoke_devices()
        await phone.until_change("line", online=False)
        await phone.until_change("line", online=True)
        await phone.until_seq(await plant.said("here again"))
        assert await phone.quit() == 0
    phone.check_whole()


async def test_a_phone_signed_out_elsewhere_that_has_no_password_says_so(plant: Plant, phone: PhoneProcess) -> None:
    async with plant.serving():
        await phone.start()
        await phone.until_change("line", online=True)
        assert await phone.quit() == 0
        phone.environ.pop("MUSTER_PHONE_PASSWORD")
        await phone.start()
        await phone.until_change("line", online=True)
        await plant.revoke_devices()
        assert await phone.end() == 2
    assert "signed out" in phone.errors


async def test_a_wrong_password_is_one_sentence(plant: Plant, phone: PhoneProcess) -> None:
    phone.environ["MUSTER_PHONE_PASSWORD"] = "not this one"
    async with plant.serving():
        await phone.start()
        assert await phone.end() == 2
    assert "password" in phone.errors


async def test_a_second_phone_of_the_person_needs_a_name_of_its_own(plant: Plant, phone: PhoneProcess) -> None:
    other = PhoneProcess(plant.url, phone.folder)
    async with plant.serving():
        await phone.start()
        await phone.until_change("line", online=True)
        await other.start()
        assert await other.end() == 2
        assert "--name" in other.errors
        await other.start("--name", "tablet")
        await other.until_change("line", online=True)
        _, delivery = await plant.order()
        await phone.until_change("order")
        await other.until_change("order")
        await plant.until_facts(delivery, "seen")
        assert (await phone.quit(), await other.quit()) == (0, 0)


async def test_a_damaged_memory_is_set_aside_and_the_phone_begins_anew(plant: Plant, phone: PhoneProcess) -> None:
    folder = phone.folder / "phones"
    folder.mkdir(parents=True)
    (folder / "testers+wang.json").write_bytes(b'{"phone": {"rooms": [1')
    async with plant.serving():
        await phone.start()
        assert "damaged" in (await phone.until_change("said", error=True))["text"]
        await phone.until_change("room")
        assert await phone.quit() == 0
    assert (folder / "testers+wang.broken").exists()
    assert (folder / "testers+wang.json").stat().st_mode & 0o777 == 0o600


async def test_on_a_terminal_it_draws_a_screen_and_takes_keys(plant: Plant, phone: PhoneProcess) -> None:
    async with plant.serving():
        _, delivery = await plant.order()
        async with Terminal(phone) as terminal:
            await terminal.until("打开排风", "Open the vents")
            await plant.until_facts(delivery, "received", "seen")
            terminal.press("a\r")
            await plant.until_facts(delivery, "acknowledged")
            terminal.press("在路上x\x7f\r")
            await plant.until_said("在路上")
            await terminal.until("在路上")
            terminal.press("q\r")
            assert await asyncio.wait_for(terminal.process.wait(), PATIENCE_S) == 0


class Terminal:
    """The phone on a pseudo-terminal of 100 x 40."""

    def __init__(self, phone: PhoneProcess) -> None:
        self._phone = phone
        self.shown = b""
        self._grown = asyncio.Event()

    async def __aenter__(self) -> Terminal:
        self._ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (40, 100))
        environ = {**self._phone.environ, "TERM": "xterm-256color"}
        argv = [part for part in self._phone.argv if part != "--json"]
        self.process = await asyncio.create_subprocess_exec(
            *argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, cwd=ROOT
        )
        os.close(theirs)
        asyncio.get_running_loop().add_reader(self._ours, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._ours)
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        os.close(self._ours)

    def _read(self) -> None:
        try:
            chunk = os.read(self._ours, 65536)
        except OSError:
            # EIO: the other end is closed.
            chunk = b""
        if not chunk:
            asyncio.get_running_loop().remove_reader(self._ours)
        self.shown += chunk
        self._grown.set()

    def press(self, keys: str) -> None:
        """Type; what was on the screen until now does not count any more."""
        self.shown = b""
        os.write(self._ours, keys.encode())

    async def until(self, *texts: str) -> None:
        """Wait until one of the texts is on the screen."""
        async with asyncio.timeout(PATIENCE_S):
            while not any(text in self.shown.decode(errors="ignore") for text in texts):
                self._grown.clear()
                await self._grown.wait()
