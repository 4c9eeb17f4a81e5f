"""Lists over HTTP come in pages."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items and the cursor of the next page; ``next`` is null on the last page."""

    items: list[T]
    next: str | None
