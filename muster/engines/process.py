"""A child process that belongs to us: dies with us, is started again when it dies, is stopped in a bounded time."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from core.errors import Unavailable
from core.logging import get_logger

log = get_logger(__name__)

# Quick first, since every role waits for the engine; then slower, since haste does not cure a full disk.
RESTART_AFTER_S = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
# An engine that lived this long was healthy: its next restart is quick again.
HEALTHY_AFTER_S = 30.0
# A log that grew beyond this is set aside when the engine starts; one older file is kept.
LOG_MAX_BYTES = 16 * 1024 * 1024
# Ports below every system's range for outgoing connections (Linux 32768-60999): a client that keeps
# connecting to a dead engine's port can not be given that very port as its own and keep it from the engine.
_PORTS = range(20_000, 32_000)
_PORT_TRIES = 200

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

Ready = Callable[[asyncio.subprocess.Process], Awaitable[None]]


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """In a child before exec: get ``number`` when the parent's thread that forked us ends, even by kill -9.

    A process group would not do: nobody is left to signal the group. Call after any change of uid, which
    clears the setting. A parent that died before this call shows as another parent (Linux only; elsewhere
    children outlive a killed parent and are found by the lock on their folder).
    """
    parent = os.getppid()
    if not hasattr(_libc, "prctl"):
        return
    _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def free_port() -> int:
    """A free loopback TCP port outside the range of outgoing connections; raises Unavailable when none is found."""
    for port in random.sample(_PORTS, _PORT_TRIES):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Unavailable("engine.no_port", f"none of {_PORT_TRIES} loopback ports tried in {_PORTS} is free")


class Supervised:
    """One engine's process: ``start`` returns when it is ready, then it is kept alive until ``stop``."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log_path: Path,
        ready: Ready,
        *,
        stop_signal: int = signal.SIGTERM,
        stop_wait_s: float = 10.0,
        enter: Callable[[], None] = lambda: None,
        before: Callable[[], Awaitable[None]] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.restarts = 0
        self.running = asyncio.Event()
        self._argv = list(argv)
        self._log_path = log_path
        self._ready = ready
        self._stop_signal = stop_signal
        self._stop_wait_s = stop_wait_s
        self._enter = enter
        self._before = before
        self._environ = dict(os.environ if environ is None else environ)
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """The process now alive; 0 between two lives."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else 0

    async def start(self) -> None:
        """Start and wait until ready; a first start that fails raises Unavailable with the log's last lines."""
        try:
            await self._once()
        except BaseException:
            await self.stop()
            raise
        self._keeping = asyncio.create_task(self._keep(), name=f"engine-{self.name}")

    async def wait(self) -> None:
        """Return when the engine was stopped on purpose; raise what ended its supervision otherwise."""
        if self._keeping is not None:
            await asyncio.shield(self._keeping)

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it lives."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def stop(self) -> None:
        """The engine's own clean stop, a bounded wait, then SIGKILL."""
        self._stopping = True
        self.running.clear()
        if self._keeping is not None:
            # First, so that nobody starts it again behind our back.
            self._keeping.cancel()
            await self._keeping
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.signal(self._stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self._stop_wait_s)
        except TimeoutError:
            log.warning("engine.killed", engine=self.name, pid=process.pid, waited_s=self._stop_wait_s)
            self.signal(signal.SIGKILL)
            await process.wait()

    async def _once(self) -> None:
        if self._before is not None:
            await self._before()
        _set_aside(self._log_path)
        with self._log_path.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                env=self._environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                # Ctrl-C goes to the supervisor alone, which stops its engines last.
                start_new_session=True,
                preexec_fn=self._prepare,
            )
        try:
            await self._ready(self._process)
        except Unavailable as problem:
            tail = self.log_tail()
            raise Unavailable("engine.failed", f"{self.name} did not start: {problem}\n{tail}") from problem
        self.running.set()
        log.info("engine.started", engine=self.name, pid=self._process.pid)

    def _prepare(self) -> None:
        self._enter()
        die_with_parent(self._stop_signal)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines the engine wrote."""
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self._log_path.read_text(errors="replace").splitlines()[-lines:])
        return ""

    async def _keep(self) -> None:
        try:
            await self._keep_alive()
        except asyncio.CancelledError:
            if not self._stopping:
                raise

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        born = loop.time()
        while True:
            assert self._process is not None
            status = await self._process.wait()
            self.running.clear()
            failures = 0 if loop.time() - born > HEALTHY_AFTER_S else failures + 1
            await asyncio.sleep(RESTART_AFTER_S[min(failures, len(RESTART_AFTER_S) - 1)])
            born = loop.time()
            try:
                await self._once()
            except (Unavailable, OSError) as problem:
                log.error("engine.restart_failed", engine=self.name, status=status, problem=str(problem))
                self.signal(signal.SIGKILL)
                continue
            self.restarts += 1
            log.warning("engine.restarted", engine=self.name, status=status, pid=self.pid, restarts=self.restarts)


def _set_aside(log_path: Path) -> None:
    if log_path.exists() and log_path.stat().st_size > LOG_MAX_BYTES:
        log_path.replace(log_path.with_suffix(log_path.suffix + ".1"))
