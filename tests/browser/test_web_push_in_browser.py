"""A push read by a real browser: its keys, its cryptography, none of ours."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any
from uuid import UUID

import msgspec
import pytest

from core.clock import SystemClock
from core.ids import new_id
from mobile_contract.text import Text
from realtime.channels import Notice, Target
from realtime.web_push import WebPush, load_vapid_key
from tests.conftest import absent

PAGE = Path(__file__).with_name("read_push.html")
# Starting it takes a second or two; a machine that does much else is slower.
BROWSER_S = 60
NOTICE = Notice(
    delivery=UUID(int=1),
    key=UUID(int=5).hex,
    task=UUID(int=2),
    incident=UUID(int=3),
    room=UUID(int=4),
    grade=2,
    exercise=False,
    title=Text(zh="丙酮泄漏", en="Acetone leak"),
    place=Text(zh="溶剂库", en="Solvent store"),
    sent_at_ms=1_764_000_000_000,
)


class Service(ThreadingHTTPServer):
    """The page, and the push service its browser is registered at."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: Queue[dict[str, str]] = Queue()
        self.pushes: Queue[tuple[bytes, str]] = Queue()
        self.said: Queue[Any] = Queue()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        if self.path == "/push":
            body, authorization = self.server.pushes.get(timeout=BROWSER_S)
            self._answer(200, body, "application/octet-stream", {"x-authorization": authorization})
        elif self.path == "/":
            self._answer(200, PAGE.read_bytes(), "text/html; charset=utf-8")
        else:
            self._answer(404, b"", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path.startswith("/send"):
            self.server.pushes.put((body, self.headers["authorization"]))
            return self._answer(201, b"", "text/plain", {"location": f"{self.server.url}/m/1"})
        (self.server.keys if self.path == "/keys" else self.server.said).put(msgspec.json.decode(body))
        return self._answer(204, b"", "text/plain")

    def _answer(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def service() -> Iterator[Service]:
    with Service() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()


@contextmanager
def chromium(url: str, profile: Path) -> Iterator[None]:
    """Chromium with one page open, and no calls home."""
    program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    if program is None:
        absent("chromium is not installed")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"]
    log = (profile / "chromium.log").open("wb")
    with (
        log,
        subprocess.Popen([str(program), *flags, f"--user-data-dir={profile}", url], stdout=log, stderr=log) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


@asynccontextmanager
async def channel(folder: Path) -> AsyncIterator[WebPush]:
    key = load_vapid_key(folder)
    async with WebPush.open(
        key, subject="mailto:safety@example.com", hosts=("127.0.0.1",), clock=SystemClock()
    ) as made:
        yield made


@pytest.mark.scenario
async def test_a_browser_reads_with_its_own_keys_what_was_pushed_to_it(tmp_path: Path) -> None:
    with service() as to, chromium(to.url, tmp_path):
        keys = await asyncio.to_thread(to.keys.get, timeout=BROWSER_S)
        subscription = msgspec.json.encode({"endpoint": f"{to.url}/send/1", "keys": keys}).decode()
        async with channel(tmp_path) as web_push:
            outcome = await web_push.send(NOTICE, Target(new_id(), subscription, "zh-CN"))
        said = await asyncio.to_thread(to.said.get, timeout=BROWSER_S)
    assert outcome.kind == "accepted"
    assert said.keys() == {"read", "signed"}, said
    assert said["signed"] is True
    assert said["read"]["data"]["delivery"] == str(NOTICE.delivery)
    assert (said["read"]["tag"], "丙酮" in said["read"]["title"] + said["read"]["body"]) == (NOTICE.key, False)
