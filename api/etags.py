"""Edits name the version they saw: ETag out, If-Match in (RFC 9110 section 13.1.1, RFC 6585 section 3)."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from litestar.params import HeaderParameter

from core.errors import Conflict, Invalid

IfMatch: TypeAlias = Annotated[
    str | None, HeaderParameter(name="If-Match", max_length=100, description="The ETag of the version this edit is of.")
]

_ETAG = re.compile(r'"([0-9]{1,9})"')


def etag(version: int) -> dict[str, str]:
    """The header of an answer that can be edited."""
    return {"ETag": f'"{version}"'}


def expected_version(if_match: str | None) -> int:
    """The version an edit is of. Raises Invalid version.required (428) without, Conflict version.changed (412)."""
    if if_match is None:
        raise Invalid(
            "version.required",
            "an edit names the version it is of: send If-Match with the ETag",
            "修改须带 If-Match，其值为所见版本的 ETag",
            field="If-Match",
        )
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        # Any other tag is one we never gave, so it can not match (RFC 9110 section 13.1.1).
        raise Conflict(
            "version.changed",
            'If-Match is no version of this; ours look like "3"',
            'If-Match 不是有效版本，形如 "3"',
            field="If-Match",
            value=if_match,
        )
    return int(match[1])
