"""From an access token to an actor, for the HTTP edge and the live edge alike.

The signature says who it was; the tables say who it is now. Each check is one statement over three primary keys, so a
signed-out phone, a disabled account or a changed role counts with the next request, and no cache has to be told.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Database
from people import sign_in_queries
from people.actor import Actor
from people.errors import token_revoked
from people.tokens import Tokens


class Authenticated(msgspec.Struct, frozen=True):
    """A good access token: the actor with the role of now, the sign-in, and when the token ends."""

    actor: Actor
    sign_in_id: UUID
    expires_at: datetime


class Authenticator:
    """Verifies access tokens against the keys and the tables."""

    def __init__(self, db: Database, tokens: Tokens) -> None:
        self._db = db
        self._tokens = tokens

    async def verify(self, token: str) -> Authenticated:
        """Raises Forbidden token.invalid, token.expired or token.revoked; Unavailable without a database."""
        claims = self._tokens.verify(token)
        async with self._db.transaction(claims.tenant) as tx:
            standing = await sign_in_queries.find_standing(tx, claims.tenant, claims.sid, claims.sub, claims.device)
        if standing is None or not standing.good:
            raise token_revoked()
        actor = Actor(claims.tenant, claims.sub, standing.role, claims.device)
        return Authenticated(actor, claims.sid, claims.expires_at)
