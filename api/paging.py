"""Cursor paging: ``?limit=50&cursor=...`` in, ``{items, next}`` out.

A cursor is the sort key of the last item, base64url of JSON, and opaque to clients. It is not signed: whatever a
client makes up is only a place in a list that the transaction's tenant and permissions already bound.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias, TypeVar

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

Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="Items a page at most.")]
Cursor: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=_CURSOR_MAX_CHARS, description="The `next` of the page before.")
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


def page(rows: Sequence[Row], limit: int, *, key: Callable[[Row], object], view: Callable[[Row], View]) -> Page[View]:
    """A page of at most ``limit``; ask the database for ``limit + 1`` rows, the last says whether there is more."""
    shown = rows[:limit]
    return Page([view(row) for row in shown], write_cursor(key(shown[-1])) if len(rows) > limit else None)
