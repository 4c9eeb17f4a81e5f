"""Mail, texts and chat messages through apprise, to servers on a local port that speak their protocols."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import policy
from typing import Any
from uuid import UUID

import apprise
import msgspec
import pytest

from core.errors import Invalid
from mobile_contract.text import Text
from muster.demo.plain_http import Reply, Request, serve
from people.reach.message_url import check_service_url, open_service
from people.reach.model import ContactKind
from realtime import message_services
from realtime.channels import Notice, Target
from realtime.message_services import MessageService

NOTICE = Notice(
    delivery=UUID(int=1),
    key="k1",
    task=UUID(int=2),
    incident=UUID(int=3),
    room=UUID(int=4),
    grade=2,
    exercise=False,
    title=Text(zh="丙酮泄漏", en="Acetone leak"),
    place=Text(zh="溶剂库", en="Solvent store"),
    sent_at_ms=1,
)


class Mailbox:
    """A mail server that keeps what it gets; ``refuses`` answers 550 to every recipient."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], bytes]] = []
        self.refuses = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """RFC 5321, as far as one mail needs it."""

        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 mail.example")
        to: list[str] = []
        while line := (await reader.readline()).decode().strip():
            verb = line[:4].upper()
            if verb == "RCPT":
                to.append(line.split("<")[1].split(">")[0])
                say("550 no such person" if self.refuses else "250 ok")
            elif verb == "DATA":
                say("354 go on")
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += await reader.readline()
                self.mails.append((to, body))
                say("250 ok")
            elif verb == "QUIT":
                say("221 bye")
                break
            else:
                say("250 ok")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[Mailbox, str]]:
    box = Mailbox()
    server = await asyncio.start_server(box.serve, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    try:
        yield box, f"mailto://127.0.0.1:{port}?from=muster@example.com&mode=insecure&to={{to}}"
    finally:
        server.close()
        await server.wait_closed()


async def test_a_mail_goes_to_the_person_and_says_no_more_than_a_lock_screen() -> None:
    async with mail_server() as (box, url):
        outcome = await MessageService("mail", url, details=False, link="https://muster.example/").send(
            NOTICE, Target(UUID(int=9), "wang@example.com", "en")
        )
    assert outcome.kind == "accepted"
    [(to, body)] = box.mails
    assert to == ["wang@example.com"]
    mail = email.message_from_bytes(body, policy=policy.default)
    assert mail["subject"] == "Urgent order"
    assert "Acetone" not in body.decode()
    assert "https://muster.example/" in str(mail.get_body(("plain", "html")))


async def test_a_mail_shows_the_place_as_it_is_called() -> None:
    called = "Tank <A&B>\r\n.\r\nRCPT TO:<x@y>"
    notice = msgspec.structs.replace(NOTICE, title=Text(zh=called, en=called), place=Text(zh=called, en=called))
    async with mail_server() as (box, url):
        outcome = await MessageService("mail", url, details=True).send(
            notice, Target(UUID(int=9), "wang@example.com", "en")
        )
    assert outcome.kind == "accepted"
    [(to, body)] = box.mails
    assert to == ["wang@example.com"]
    mail = email.message_from_bytes(body, policy=policy.default)
    assert mail["subject"] == "Urgent order · Tank <A&B> . RCPT TO:<x@y>"
    assert [part.get_content_type() for part in mail.walk()] == ["text/plain"]
    assert "Tank <A&B>" in mail.get_content()


async def test_a_mail_server_that_refuses_is_a_failure_and_never_an_acceptance() -> None:
    async with mail_server() as (box, url):
        box.refuses = True
        outcome = await MessageService("mail", url, details=False).send(NOTICE, Target(UUID(int=9), "x@example.com"))
    assert (outcome.kind, box.mails) == ("failed", [])


async def test_a_text_goes_through_the_plants_own_gateway() -> None:
    got: list[Request] = []

    async def gateway(request: Request) -> Reply:
        got.append(request)
        return Reply(200, {})

    async with serve(gateway) as port:
        url = f"json://127.0.0.1:{port}/sms/{{to}}"
        check_service_url("sms", url)
        outcome = await MessageService("sms", url, details=True).send(
            NOTICE, Target(UUID(int=9), "+8613800138000", "zh-CN")
        )
    assert outcome.kind == "accepted"
    assert got[0].path.startswith("/sms/")
    assert "8613800138000" in got[0].path
    assert "丙酮泄漏" in got[0].body.decode("utf-8") or "丙酮泄漏" in str(msgspec.json.decode(got[0].body))


@pytest.mark.parametrize(
    ("kind", "url", "answer", "outcome_kind"),
    [
        ("wecom", "wecombot://abcdefghij", {"errcode": 0, "errmsg": "ok"}, "accepted"),
        ("wecom", "wecombot://abcdefghij", {"errcode": 93000, "errmsg": "invalid webhook url"}, "failed"),
        ("dingtalk", "dingtalk://abcdefghij/{to}", {"errcode": 0, "errmsg": "ok"}, "accepted"),
        ("dingtalk", "dingtalk://abcdefghij/{to}", {"errcode": 310000, "errmsg": "keywords not in content"}, "failed"),
        ("feishu", "feishu://abcdefghij", {"code": 0, "msg": "success"}, "accepted"),
        ("feishu", "feishu://abcdefghij", {"code": 19001, "msg": "param invalid"}, "failed"),
        ("feishu", "feishu://abcdefghij", "something else", "failed"),
        ("wecom", "wecombot://abcdefghij", {}, "failed"),
    ],
)
async def test_chats_are_believed_by_the_code_in_their_answer(
    monkeypatch: pytest.MonkeyPatch, kind: ContactKind, url: str, answer: Any, outcome_kind: str
) -> None:
    check_service_url(kind, url)
    got: list[Request] = []

    async def chat(request: Request) -> Reply:
        got.append(request)
        return Reply(200, answer)

    async with serve(chat) as port:

        def beside_us(address: str, to: str) -> apprise.NotifyBase | None:
            service: Any = open_service(address, to)
            # The library knows the service's own host alone; everything after it is as on the real wire.
            name = "api_url" if hasattr(service, "api_url") else "notify_url"
            setattr(service, name, f"http://127.0.0.1:{port}/" + getattr(service, name).split("/", 3)[3])
            return service  # type: ignore[no-any-return]

        monkeypatch.setattr(message_services, "open_service", beside_us)
        address = "+8613800138000" if kind == "dingtalk" else "wang"
        outcome = await MessageService(kind, url, details=False).send(NOTICE, Target(UUID(int=9), address, "zh-CN"))
    assert outcome.kind == outcome_kind
    assert "紧急任务" in msgspec.json.encode(msgspec.json.decode(got[0].body)).decode()


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("mail", "json://127.0.0.1/x"),
        ("sms", "mailto://example.com"),
        ("sms", "json://10.0.0.1/{to}"),
        ("sms", "json://127.0.0.1.evil.example/{to}"),
        ("sms", "json://127.0.0.1:x@evil.example/{to}"),
        ("sms", "json://localhost:x@evil.example/{to}"),
        ("wecom", "wecombot://"),
        ("feishu", "file:///etc/passwd"),
        ("mail", "nothing"),
    ],
)
def test_an_address_of_another_kind_is_refused_without_repeating_its_secret(kind: ContactKind, url: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_service_url(kind, url)
    assert (caught.value.field, caught.value.value) == ("url", url.partition("://")[0])


async def test_a_service_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_services, "SEND_TIMEOUT_S", 0.6)
    silent = asyncio.Event()

    async def say_nothing(_: Request) -> Reply | None:
        await silent.wait()
        return None

    async with serve(say_nothing) as port:
        url = f"json://127.0.0.1:{port}/{{to}}"
        outcome = await MessageService("sms", url, details=False).send(NOTICE, Target(UUID(int=9), "+8613800138000"))
        silent.set()
    assert outcome.kind == "failed"


async def test_services_that_hang_take_no_thread_from_anything_else() -> None:
    answering, asked = asyncio.Event(), asyncio.Semaphore(0)

    async def hang(_: Request) -> Reply | None:
        asked.release()
        await answering.wait()
        return Reply(200, {})

    async with serve(hang) as port, asyncio.TaskGroup() as sending:
        url = f"json://127.0.0.1:{port}/{{to}}"
        sends = [
            sending.create_task(
                MessageService("sms", url, details=False).send(NOTICE, Target(UUID(int=n), f"+86138001380{n:02}"))
            )
            for n in range(40)
        ]
        for _ in range(4):
            await asked.acquire()
        await asyncio.to_thread(str)
        assert not any(send.done() for send in sends), "tokens are renewed and files written in threads"
        answering.set()
