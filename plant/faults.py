"""Which faults of the database pass by themselves, and how long to wait for that."""

from __future__ import annotations

import asyncpg

from core.errors import Unavailable

# Between attempts to reach the broker or the database.
RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0)
# What the database answers when two writers meet, or when it restarts: the same statement will do.
TRANSIENT = (
    Unavailable,
    TimeoutError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
)


def pause_s(failures: int) -> float:
    """The pause after so many failures before this one."""
    return RETRY_S[min(failures, len(RETRY_S) - 1)]
