"""Mail, texts and chat messages through ``apprise``: the last resorts of an order.

Their truth about receipts: a provider took it, and no more will ever be known of that message. So none of them proves
that a person was reached; the message asks to open the app, and only the app's own word counts.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import apprise
import msgspec
import requests
from apprise.plugins import dingtalk, feishu, wecombot

from core.metrics import counter
from core.outlet import Output, release
from people.reach.message_url import open_service
from people.reach.model import ContactKind
from realtime.channels import SEND_TIMEOUT_S, Notice, Outcome, Target
from realtime.notice_text import lock_screen

SENT = counter("message_sends", "Mails, texts and chat messages, by what became of them.", ("kind", "outcome"))

# Sends at once, of all tenants; apprise works in threads, and a hanging provider must not use up those the process has
# for other work. What finds none free in time has failed, and is tried again.
AT_ONCE_MAX = 8
_THREADS = ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="messages")


class _Strict:
    """``requests`` for the three chat plugins: those services say no with status 200 and a code of their own in the
    body, which apprise does not read. A no must not be shown as an acceptance."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Raises RequestException for a refusal in the body: to apprise a send that failed."""
        answer = requests.post(*args, **kwargs)  # noqa: S113 - apprise gives the time-out
        try:
            said = msgspec.json.decode(answer.content, type=_Said)
        except msgspec.MsgspecError as problem:
            raise requests.RequestException(f"an answer that says neither yes nor no: {problem}") from problem
        code = said.errcode if said.code is None else said.code
        if code != 0:
            raise requests.RequestException(f"refused with {code}")
        return answer


class _Said(msgspec.Struct, frozen=True):
    """``errcode`` of WeCom and DingTalk, ``code`` of Feishu; 0 is yes."""

    errcode: int | None = None
    code: int | None = None


for _plugin in (dingtalk, feishu, wecombot):
    setattr(_plugin, "requests", _Strict())  # noqa: B010 - a module states no such attribute


class MessageService:
    """One tenant's service of one kind, as a channel; ``name`` is the kind."""

    def __init__(self, kind: ContactKind, url: str, *, details: bool, link: str = "") -> None:
        self.name: str = kind
        self._url = url
        self._details = details
        self._link = link

    async def send(self, notice: Notice, target: Target) -> Outcome:
        """Send to one address; every refusal and silence is an outcome."""
        release(Output.PERSON, exercise=notice.exercise)
        service = open_service(self._url, target.address)
        if service is None:
            outcome = Outcome("refused", code="url")
        else:
            outcome = await self._send(service, notice, target)
        SENT.labels(self.name, outcome.kind).inc()
        return outcome

    async def _send(self, service: apprise.NotifyBase, notice: Notice, target: Target) -> Outcome:
        title, body = lock_screen(notice, target.locale, details=self._details)
        text = f"{body} {self._link}".strip()
        # What we say is text: as HTML, which a mail is by default, a place called <A> is not shown.
        service.notify_format = apprise.NotifyFormat.TEXT
        # The library's own wait, so that its thread ends when ours does.
        service.socket_connect_timeout = service.socket_read_timeout = SEND_TIMEOUT_S - 0.5
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                send = partial(service.notify, body=text, title=title)
                taken = await asyncio.get_running_loop().run_in_executor(_THREADS, send)
        except TimeoutError:
            return Outcome("failed", code="timeout")
        except (OSError, TypeError, ValueError) as problem:
            return Outcome("failed", code=type(problem).__name__)
        # Which of "later" and "never" it was, apprise does not say: it is tried again while the order lasts.
        return Outcome("accepted") if taken else Outcome("failed", code="not_taken")
