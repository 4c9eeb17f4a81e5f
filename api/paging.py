"""Cursor paging: ``?limit=50&cursor=...`` in, ``{items, next}`` out.

A cursor is the sort key of the last item, base64url of JSON, and opaque to clients. It is not signed: whatever a
client makes up is only a place in a list that the transaction's tenant and permissions already bound.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from core.errors import Invalid
from mobile_contract.paging import Page

Row = TypeVar("Row")
View = TypeVar("View")
Key = TypeVar("Key")

DEFAULT_LIMIT = 50
# Two hundred rows are some 100 kB of JSON: a second on a poor mobile line.
MAX_LIMIT = 200
_CURSOR_MAX_CHARS = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_ID = UUID(int=0)

Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="Items a page at most.")]
Cursor: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=_CURSOR_MAX_CHARS, description="The `next` of the page before.")
]

Search: TypeAlias = Annotated[
    str | None, QueryParameter(min_length=1, max_length=100, description="Part of a name or slug, whatever its case.")
]


def read_cursor(cursor: str | None, kind: type[Key], start: Key) -> Key:
    """The sort key after which the page begins; ``start`` without a cursor. Raises Invalid cursor.invalid."""
    if cursor is None:
        return start
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError) as problem:
        raise Invalid(
            "cursor.invalid", "the cursor is not one we gave", "游标无效", field="cursor", value=cursor
        ) from problem


def write_cursor(key: object) -> str:
    """A sort key (a Struct, tuple, string, id, time) as an opaque cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


class TimeKey(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list ordered by (time, id); Unix microseconds, bounded so that each is a time PostgreSQL has."""

    at_us: Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999_999)]
    id: UUID


def time_key(at: datetime, item_id: UUID) -> TimeKey:
    """The place of an item in a list ordered by (time, id)."""
    return TimeKey((at - _EPOCH) // timedelta(microseconds=1), item_id)


def read_time_cursor(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The (time, id) after which the page begins, None without a cursor. Raises Invalid cursor.invalid."""
    if cursor is None:
        return None
    key = read_cursor(cursor, TimeKey, TimeKey(0, _NO_ID))
    return _EPOCH + timedelta(microseconds=key.at_us), key.id


def page(rows: Sequence[Row], limit: int, *, key: Callable[[Row], object], view: Callable[[Row], View]) -> Page[View]:
    """A page of at most ``limit``; ask the database for ``limit + 1`` rows, the last says whether there is more."""
    shown = rows[:limit]
    return Page([view(row) for row in shown], write_cursor(key(shown[-1])) if len(rows) > limit else None)
