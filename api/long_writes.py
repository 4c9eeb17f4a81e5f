"""Writes whose work begins before their transaction: a core works for them meanwhile, and no transaction is held."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from litestar import Request, Response

from api.call import WriteCall
from api.deps import ApiDeps
from api.idempotency import hash_request, recall
from api.languages import choose
from core.database import Tx
from people.actor import Actor

T = TypeVar("T")


@dataclass(frozen=True)
class LongWrite:
    """One such request; what its Idempotency-Key was answered is looked for before the work, and again with it."""

    request: Request[Any, Any, Any]
    deps: ApiDeps
    key: str | None
    request_hash: str

    @property
    def actor(self) -> Actor:
        """Who asks."""
        actor: Actor = self.request.user
        return actor

    async def replayed(self) -> Response[Any] | None:
        """The answer that the key's first request got, if it is done. Raises Conflict idempotency.other_request."""
        if self.key is None:
            return None
        async with self.deps.db.transaction(self.actor.tenant_id) as tx:
            known = await recall(tx, self.actor.tenant_id, self.actor.account_id, self.key, self.request_hash)
        if known is None:
            return None
        headers = {**known.headers, "Idempotency-Replayed": "true"}
        return Response(known.body, status_code=known.status, headers=headers)

    async def commit(
        self, work: Callable[[Tx], Awaitable[T]], *, headers: Callable[[T], dict[str, str]]
    ) -> Response[T]:
        """Do the act in a transaction of its own, with the key once, and answer it with 200."""
        async with self.deps.db.transaction(self.actor.tenant_id) as tx:
            language = choose(self.request.headers.get("accept-language"))
            write = WriteCall(self.actor, tx, language, self.key, self.request_hash)
            return await write.once(lambda: work(tx), status=200, headers=headers)


async def long_write(request: Request[Any, Any, Any], deps: ApiDeps, key: str | None) -> LongWrite:
    """A write of a body that may be large: it is hashed in a thread, and only for a key."""
    if key is None:
        return LongWrite(request, deps, None, "")
    facts = (request.method, request.url.path, request.scope["query_string"], await request.body())
    return LongWrite(request, deps, key, await asyncio.to_thread(hash_request, *facts))
