"""Bearer access tokens (RFC 6750) to actors. Every path needs one, but those that say ``opt=OPEN``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import Guard

from api.deps import ApiDeps
from people.errors import token_missing
from people.permissions import Permission

# For a handler's ``opt``: anybody may call it.
OPEN = {"open": True}


class BearerAuthentication(AbstractAuthenticationMiddleware):
    """Puts the actor into ``request.user``; raises Forbidden token.* which becomes 401."""

    def __init__(self, app: Any) -> None:
        super().__init__(app, exclude_from_auth_key="open")

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise token_missing()
        deps: ApiDeps = connection.app.state.deps
        known = await deps.authenticator.verify(token.strip())
        return AuthenticationResult(user=known.actor, auth=known)


class Needs:
    """A guard: the actor must have the permission, asked before the request is read any further."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        connection.user.require(self.permission)


def needs(permission: Permission) -> Guard:
    """For a handler's ``guards``: who lacks the permission gets 403, even with a wrong body."""
    return Needs(permission)


def needed_permission(guards: Sequence[object]) -> str | None:
    """What a handler's guards ask for; the API's document shows it."""
    for guard in guards:
        asked = getattr(guard, "func", guard)
        if isinstance(asked, Needs):
            return asked.permission.value
    return None
