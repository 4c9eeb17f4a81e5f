"""How the person's lines reach the phone: from any input as lines, from a terminal key by key."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import termios
import threading
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TextIO

from muster.phone.keys import LineEditor

# Lines wait while one is performed; a script that is faster than the phone waits itself.
LINES_MAX = 16
_CHUNK_BYTES = 4096


@asynccontextmanager
async def lines_of(stream: TextIO) -> AsyncIterator[asyncio.Queue[str | None]]:
    """The stream's lines, then None at its end. Read in a thread: not every input can be waited for."""
    queue: asyncio.Queue[str | None] = asyncio.Queue(LINES_MAX)
    loop = asyncio.get_running_loop()

    def read() -> None:
        # The loop may end while a line is read: then nobody wants it.
        with contextlib.suppress(RuntimeError, asyncio.CancelledError, ValueError, OSError):
            for line in stream:
                asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()
            asyncio.run_coroutine_threadsafe(queue.put(None), loop).result()

    # A daemon: a read that never returns must not keep the phone from ending.
    threading.Thread(target=read, name="typing", daemon=True).start()
    yield queue


@contextmanager
def _key_by_key(descriptor: int) -> Iterator[None]:
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@asynccontextmanager
async def keys_of(stream: TextIO, typed: Callable[[str], None]) -> AsyncIterator[asyncio.Queue[str | None]]:
    """Lines typed on a terminal; ``typed`` is told what stands at the prompt after each key."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    loop, descriptor, editor = asyncio.get_running_loop(), stream.fileno(), LineEditor()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read() -> None:
        chunk = os.read(descriptor, _CHUNK_BYTES)
        for line in editor.feed(decoder.decode(chunk)):
            queue.put_nowait(line)
        if editor.ended or not chunk:
            loop.remove_reader(descriptor)
            queue.put_nowait(None)
        typed(editor.typed)

    with _key_by_key(descriptor):
        loop.add_reader(descriptor, read)
        try:
            yield queue
        finally:
            loop.remove_reader(descriptor)
