"""A push service of our own: FCM HTTP v1 and Google's token exchange, on loopback, able to fail in every known way.

``python -m muster.demo.push_service --port N --dir D`` writes ``D/service-account.json`` (what MUSTER_PUSH_CREDENTIALS
wants) and prints one line with its address when it listens.

* ``POST /token``: JWT bearer grant (RFC 7523), the assertion verified against the account's public key.
* ``POST /v1/projects/{project}/messages:send``: FCM HTTP v1; any token or
  installation id is registered unless a script says otherwise.
* ``POST /control/script`` (Script), ``POST /control/auth`` (AuthScript), ``GET /control/log?token=T``.
* ``GET /control/pushes?token=T&after=N&wait_s=S``: what the device behind the token gets; the way of a simulated
  phone.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec

from core.logging import configure_logging, get_logger
from muster.demo.plain_http import Reply, Request, serve
from muster.demo.push_accounts import KEY_FILE, PROJECT, GrantRefusedError, ServiceAccount
from muster.demo.push_script import Script, Switchboard, error_body

log = get_logger(__name__)

# FCM: "4096 bytes for most messages", keys and values of the data and the notification.
MESSAGE_MAX_BYTES = 4096
# A phone asks again after this; longer waits gain nothing on loopback.
WAIT_MAX_S = 60.0


class AuthScript(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the token exchange behaves."""

    refuse_grants: bool = False
    revoke_tokens: bool = False


class PushService:
    """Answers requests; holds the account and the switchboard."""

    def __init__(self, account: ServiceAccount) -> None:
        self.account = account
        self.switchboard = Switchboard()
        self.refuse_grants = False

    async def handle(self, request: Request) -> Reply | None:
        """Route one request."""
        try:
            match request.method, request.path:
                case "POST", "/token":
                    return self._token(request)
                case "POST", path if path == f"/v1/projects/{PROJECT}/messages:send":
                    return await self._send(request)
                case _, path if path.startswith("/control/"):
                    return await self._control(request)
        except msgspec.MsgspecError as problem:
            return Reply(400, {"error": {"code": 400, "message": str(problem), "status": "INVALID_ARGUMENT"}})
        return Reply(404, {"error": {"code": 404, "message": "Not Found", "status": "NOT_FOUND"}})

    def _token(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        try:
            if self.refuse_grants:
                raise GrantRefusedError("Invalid JWT Signature.")
            granted = self.account.exchange(form.get("grant_type", ""), form.get("assertion", ""))
        except GrantRefusedError as problem:
            return Reply(400, {"error": "invalid_grant", "error_description": str(problem)})
        return Reply(200, granted)

    async def _send(self, request: Request) -> Reply | None:
        if not self.account.allows(request.headers.get("authorization", "")):
            return _refusal("unauthenticated", None)
        message = _message(request.body)
        token = message.get("fid", message.get("token"))
        if not isinstance(token, str) or not token or len(request.body) > MESSAGE_MAX_BYTES + 1024:
            return _refusal("bad_request", None)
        behaviour = self.switchboard.behaviour_for(token)
        number = self.switchboard.note(token, message, behaviour)
        await asyncio.sleep(behaviour.delay_s)
        if behaviour.answer == "accept":
            self.switchboard.deliver(token, message, behaviour)
        if behaviour.drop:
            return None
        if behaviour.answer == "accept":
            return Reply(200, {"name": f"projects/{PROJECT}/messages/0:{number}"})
        return _refusal(behaviour.answer, behaviour.retry_after_s)

    async def _control(self, request: Request) -> Reply:
        match request.method, request.path:
            case "POST", "/control/script":
                self.switchboard.follow(msgspec.json.decode(request.body, type=Script))
                return Reply(200, {})
            case "POST", "/control/auth":
                auth = msgspec.json.decode(request.body, type=AuthScript)
                self.refuse_grants = auth.refuse_grants
                if auth.revoke_tokens:
                    self.account.revoke_tokens()
                return Reply(200, {})
            case "GET", "/control/log":
                wanted = request.query.get("token")
                taken = [entry for entry in self.switchboard.log if wanted in {None, entry.token}]
                return Reply(200, {"taken": taken})
            case "GET", "/control/pushes":
                query = msgspec.convert(request.query, _PushesQuery, strict=False)
                wait_s = min(query.wait_s, WAIT_MAX_S)
                return Reply(200, {"pushes": await self.switchboard.wait_for(query.token, query.after, wait_s)})
        return Reply(404, {"error": {"code": 404, "message": "Not Found", "status": "NOT_FOUND"}})


class _PushesQuery(msgspec.Struct, frozen=True):
    token: str
    after: int = 0
    wait_s: float = 0.0


class _SendBody(msgspec.Struct, frozen=True):
    message: dict[str, Any]


def _message(body: bytes) -> dict[str, Any]:
    return msgspec.json.decode(body, type=_SendBody).message


def _refusal(kind: str, retry_after_s: int | None) -> Reply:
    status, body = error_body(kind)
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    return Reply(status, body, headers)


class Running(msgspec.Struct, frozen=True):
    """A service that listens: its address, the credentials file, and the service itself for tests in one process."""

    url: str
    credentials: Path
    service: PushService


@asynccontextmanager
async def run_push_service(folder: Path, port: int = 0) -> AsyncIterator[Running]:
    """Listen on loopback until left; the credentials file is written before the first request can come."""
    ready: list[PushService] = []

    async def handle(request: Request) -> Reply | None:
        return await ready[0].handle(request)

    async with serve(handle, port) as bound:
        url = f"http://127.0.0.1:{bound}"
        ready.append(PushService(ServiceAccount.open(folder, f"{url}/token")))
        yield Running(url, folder / KEY_FILE, ready[0])


async def _main(port: int, folder: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with run_push_service(folder, port) as running:
        print(f"push service {running.url} {running.credentials}", flush=True)
        await stop.wait()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="FCM HTTP v1 on loopback, for demos and tests.")
    parser.add_argument("--port", type=int, default=0, help="0 chooses one")
    parser.add_argument("--dir", type=Path, required=True, help="where service-account.json is kept")
    given = parser.parse_args()
    configure_logging("push-service")
    asyncio.run(_main(given.port, given.dir))


if __name__ == "__main__":
    main()
