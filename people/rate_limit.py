"""How often a password may be tried: per (tenant, login) and per address, in the database.

An attempt is counted before the password is looked at, so a thousand guesses at once count as a thousand; what turns
out to be right is given back. The windows are fixed and end: nobody stays locked out of their plant.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core.database import Tx
from people import sign_in_queries as queries
from people.errors import too_many_attempts

# Attempts whose tenant does not exist, and attempts of addresses, belong to nobody's tenant.
NOBODY = UUID(int=0)


class Limit(msgspec.Struct, frozen=True):
    """At most ``attempts`` wrong passwords in a window of ``window``."""

    kind: str
    attempts: int
    window: timedelta


# NIST SP 800-63B-4 3.2.2 allows at most 100 wrong guesses in a row; ten a quarter of an hour is 960 a day against a
# password of 12 characters, and a person who forgot theirs waits minutes.
PER_LOGIN = Limit("login", 10, timedelta(minutes=15))
# A plant's phones share one address behind its router: a whole shift mistyping fits, a list of passwords does not.
PER_ADDRESS = Limit("address", 200, timedelta(minutes=15))

LONGEST_WINDOW = max(PER_LOGIN.window, PER_ADDRESS.window)


async def spend(tx: Tx, tenant_id: UUID, limit: Limit, subject: str) -> float | None:
    """Count one attempt; returns None, or the seconds until the window ends when it is full."""
    begun, attempts = await queries.count_attempt(
        tx,
        tenant_id,
        limit.kind,
        subject[:200],
        now=tx.now,
        since=tx.now - limit.window,
        ceiling=limit.attempts + 1,
    )
    return seconds_left(limit, begun, attempts, tx.now)


def seconds_left(limit: Limit, begun: datetime, attempts: int, now: datetime) -> float | None:
    """None while the attempt is allowed, else the seconds until the window ends (at least one)."""
    if attempts <= limit.attempts:
        return None
    return max(1.0, (begun + limit.window - now).total_seconds())


def refuse(limit: Limit, wait_s: float | None) -> None:
    """Raise Unavailable sign_in.too_many when the window is full."""
    if wait_s is not None:
        raise too_many_attempts(limit.attempts, wait_s)


async def give_back(tx: Tx, tenant_id: UUID, limit: Limit, subject: str, attempts: int) -> None:
    """Uncount: the password was right."""
    await queries.give_back_attempts(tx, tenant_id, limit.kind, subject[:200], attempts)
