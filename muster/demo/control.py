"""How another terminal reaches the running demo plant: one JSON line each way over a loopback port.

The plant writes the port and a fresh token into ``demo-plant.json`` in the data folder, readable by its owner alone, so
only who may read the folder can make the plant leak.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from core.errors import Invalid, MusterError, Unavailable

FILE_NAME = "demo-plant.json"
# A request is a few words; the plant answers from memory.
LINE_MAX_BYTES = 64 * 1024
ANSWER_WITHIN_S = 5.0


class ControlAddress(msgspec.Struct, frozen=True):
    """Where the running plant listens."""

    port: int
    token: str
    pid: int


class Request(msgspec.Struct, frozen=True):
    """One order to the plant; which numbers count depends on ``fault``."""

    token: str
    fault: str
    rate_g_s: float = 0.0
    minutes: float = 0.0
    device: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What the plant did, or ``error``; ``status`` is its state as data. ``zh`` where it is told to people."""

    text: str
    error: bool = False
    zh: str = ""
    status: dict[str, object] = {}


Handle = Callable[[Request], Answer]


@asynccontextmanager
async def serve(data_dir: Path, handle: Handle) -> AsyncIterator[ControlAddress]:
    """Listen until the block ends; the address file goes with it."""
    token = secrets.token_hex(16)

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError, ValueError):
            line = await asyncio.wait_for(reader.readline(), ANSWER_WITHIN_S)
            writer.write(msgspec.json.encode(_answer(line, token, handle)) + b"\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0, limit=LINE_MAX_BYTES)
    address = ControlAddress(server.sockets[0].getsockname()[1], token, os.getpid())
    path = data_dir / FILE_NAME
    data_dir.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(address))
    try:
        async with server:
            yield address
    finally:
        path.unlink(missing_ok=True)


def _answer(line: bytes, token: str, handle: Handle) -> Answer:
    try:
        request = msgspec.json.decode(line, type=Request)
    except msgspec.MsgspecError as problem:
        return Answer(f"not a request: {problem}", error=True)
    if not hmac.compare_digest(request.token, token):
        return Answer("the token is another plant's", error=True)
    try:
        return handle(request)
    except MusterError as problem:
        return Answer(str(problem), error=True)


async def send(data_dir: Path, fault: str, *, rate_g_s: float = 0.0, minutes: float = 0.0, device: str = "") -> Answer:
    """Ask the running plant; raises Unavailable when none runs from this folder, Invalid when it refuses."""
    try:
        address = msgspec.json.decode((data_dir / FILE_NAME).read_bytes(), type=ControlAddress)
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port, limit=LINE_MAX_BYTES)
    except (OSError, msgspec.MsgspecError) as problem:
        raise Unavailable(
            "demo.not_running",
            f"no demo plant runs from {data_dir}; start it with `make run` or `muster demo plant`",
            f"{data_dir} 没有正在运行的演示工厂；请先执行 make run 或 muster demo plant",
        ) from problem
    request = Request(address.token, fault, rate_g_s, minutes, device)
    writer.write(msgspec.json.encode(request) + b"\n")
    try:
        answer = msgspec.json.decode(await asyncio.wait_for(reader.readline(), ANSWER_WITHIN_S), type=Answer)
    except (TimeoutError, msgspec.MsgspecError) as problem:
        raise Unavailable("demo.no_answer", "the demo plant did not answer") from problem
    finally:
        writer.close()
    if answer.error:
        raise Invalid("demo.refused", answer.text)
    return answer
