"""What an error looks like over HTTP: RFC 9457 problem details, as ``application/problem+json``."""

from __future__ import annotations

from typing import Any

import msgspec

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One error: ``code`` is for programs and stable; ``title`` and ``detail`` are for people, in their language.

    ``field`` names the part of the request that was wrong (a path like ``device.label``, a query parameter or a
    header), ``value`` what came, ``limit`` what would have been right.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    value: Any = None
    limit: Any = None
