"""What a handler is given: who asks, the open transaction of their tenant, and for writes the idempotency key.

The transaction commits after the handler returned and its answer was encoded, and before the answer is sent: a 2xx is
never sent for what was not committed. An exception rolls it back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar

from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.params import HeaderParameter

from api.deps import ApiDeps
from api.idempotency import KEY_MAX_CHARS, Remembered, claim, hash_request, remember
from api.languages import Language, choose
from core.database import Tx
from people.actor import Actor

T = TypeVar("T")


@dataclass(frozen=True)
class ReadCall:
    """One request of a signed-in actor, in one transaction of the actor's tenant."""

    actor: Actor
    tx: Tx
    language: Language


@dataclass(frozen=True)
class WriteCall(ReadCall):
    """A request that changes something; ``once`` makes sending it again harmless."""

    key: str | None
    request_hash: str

    async def once(
        self,
        work: Callable[[], Awaitable[T]],
        *,
        status: int = 201,
        headers: Callable[[T], dict[str, str]] | None = None,
        kept: Callable[[T], T] | None = None,
    ) -> Response[T]:
        """Do the work and answer it; with an Idempotency-Key, do it once and answer the same again.

        ``kept`` makes what is stored and answered again of an answer that holds a secret: without it.
        """
        if self.key is None:
            done = await work()
            return Response(done, status_code=status, headers=headers(done) if headers else None)
        owner = (self.tx, self.actor.tenant_id, self.actor.account_id, self.key)
        known = await claim(*owner, self.request_hash)
        if known is not None:
            replayed = {**known.headers, "Idempotency-Replayed": "true"}
            return Response(known.body, status_code=known.status, headers=replayed)  # type: ignore[arg-type]
        done = await work()
        sent = headers(done) if headers else {}
        await remember(*owner, Remembered(status, kept(done) if kept else done, sent))
        return Response(done, status_code=status, headers=sent)


async def provide_call(request: Request[Any, Any, Any]) -> AsyncIterator[ReadCall]:
    """The dependency ``call``."""
    deps: ApiDeps = request.app.state.deps
    actor: Actor = request.user
    language = choose(request.headers.get("accept-language"))
    async with deps.db.transaction(actor.tenant_id) as tx:
        yield ReadCall(actor, tx, language)


IdempotencyKey: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=KEY_MAX_CHARS,
        description="A key of the client's own; the same request with the same key is done once, for 24 h.",
    ),
]


async def provide_write(
    request: Request[Any, Any, Any], idempotency_key: IdempotencyKey = None
) -> AsyncIterator[WriteCall]:
    """The dependency ``write``."""
    deps: ApiDeps = request.app.state.deps
    async with deps.db.transaction(request.user.tenant_id) as tx:
        yield await write_call(request, tx, idempotency_key)


async def write_call(request: Request[Any, Any, Any], tx: Tx, idempotency_key: str | None) -> WriteCall:
    """A write in this transaction: for the few handlers that have work to do before it begins."""
    language = choose(request.headers.get("accept-language"))
    digest = hash_request(request.method, request.url.path, request.scope["query_string"], await request.body())
    return WriteCall(request.user, tx, language, idempotency_key, digest)


async def provide_deps(request: Request[Any, Any, Any]) -> ApiDeps:
    """The dependency ``deps``: for the few handlers that open their own transactions."""
    deps: ApiDeps = request.app.state.deps
    return deps


# What handlers write: ``call: Call``, ``write: Write``, ``deps: Deps``.
Call: TypeAlias = NamedDependency[ReadCall]
Write: TypeAlias = NamedDependency[WriteCall]
Deps: TypeAlias = NamedDependency[ApiDeps]
