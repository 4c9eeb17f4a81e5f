"""Signing in, staying signed in, signing out."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, post
from litestar.params import JSONBody

from api.bearer import OPEN
from api.call import Call, Deps
from api.people import account_view
from mobile_contract.people import RefreshRequest, SessionView, SignInRequest
from people import sign_in as service
from people.model import DeviceInHand, Session

_PRIVATE = {"Cache-Control": "no-store"}


@post("/v1/sign-in", opt=OPEN, status_code=200)
async def sign_in(data: JSONBody[SignInRequest], request: Request[Any, Any, Any], deps: Deps) -> Response[SessionView]:
    """Sign in by password on a device.

    401 says the plant, login or password is wrong, never which. Ten wrong passwords in 15 minutes close a login for the
    rest of them (429 with Retry-After).
    """
    device = DeviceInHand(data.device.label, data.device.platform, data.device.locale, data.device.id)
    address = request.client.host if request.client else "unknown"
    attempt = service.Attempt(data.tenant, data.login, data.password, device, address)
    session = await service.sign_in(deps.db, deps.passwords, deps.tokens, attempt)
    return Response(_view(session), headers=_PRIVATE)


@post("/v1/refresh", opt=OPEN, status_code=200)
async def refresh(data: JSONBody[RefreshRequest], deps: Deps) -> Response[SessionView]:
    """A refresh token for a new pair.

    A refresh token works once. When the answer was lost, the same token may be sent again for 60 s, by the same device,
    until one of the answers was used. Any other repetition ends the sign-in: somebody has a copy.
    """
    session = await service.refresh_session(deps.db, deps.tokens, data.refresh_token, data.device)
    return Response(_view(session), headers=_PRIVATE)


@post("/v1/sign-out", status_code=204)
async def sign_out(call: Call) -> None:
    """End this sign-in, its device and the device's push address, at once."""
    await service.sign_out(call.tx, call.actor)


def _view(session: Session) -> SessionView:
    return SessionView(
        account_view(session.account),
        session.device_id,
        session.access_token,
        session.access_expires_at,
        session.refresh_token,
        session.refresh_expires_at,
    )


router = Router("/", route_handlers=[sign_in, refresh, sign_out], tags=["sign-in"])
