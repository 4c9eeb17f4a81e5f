"""The HTTP edge's pure parts: languages, cursors, ETags, statuses, field names."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.etags import expected_version
from api.languages import choose
from api.paging import page, read_cursor, write_cursor
from api.problems import STATUS_OF_KIND, TITLES, invalid_by, status_of
from core import errors
from core.errors import Conflict, Forbidden, Invalid, MusterError, Unavailable


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh-CN"),
        ("zh-Hant-TW, en;q=0.5", "zh-CN"),
        ("en;q=0.5, zh;q=0.4", "en"),
        ("de, fr;q=0.9, zh;q=0.1", "zh-CN"),
        ("de", "en"),
        ("en;q=0, zh;q=0.001", "zh-CN"),
        ("zh;q=x", "en"),
    ],
)
def test_the_language_is_the_readers(header: str | None, language: str) -> None:
    assert choose(header) == language


@given(st.text(max_size=300))
def test_any_header_is_a_language(header: str) -> None:
    assert choose(header) in ("zh-CN", "en")


@given(st.text(max_size=200))
def test_a_cursor_made_up_is_invalid_or_a_key(text: str) -> None:
    try:
        assert isinstance(read_cursor(text, str, ""), str)
    except Invalid as refused:
        assert refused.field == "cursor"  # noqa: PT017 - any text may be either


@given(st.tuples(st.text(), st.uuids()))
def test_a_cursor_comes_back(key: tuple[str, UUID]) -> None:
    assert read_cursor(write_cursor(key), tuple[str, UUID], ("", UUID(int=0))) == key


@given(st.lists(st.integers(), unique=True), st.integers(1, 5))
def test_pages_by_cursor_are_the_list(numbers: list[int], limit: int) -> None:
    ordered = sorted(numbers)
    seen: list[int] = []
    cursor = None
    while True:
        after = read_cursor(cursor, int | None, None)  # type: ignore[arg-type]
        rest = [n for n in ordered if after is None or n > after]
        got = page(rest[: limit + 1], limit, key=lambda n: n, view=lambda n: n)
        seen += got.items
        cursor = got.next
        if cursor is None:
            break
    assert seen == ordered


@pytest.mark.parametrize(("tag", "code"), [(None, "version.required"), ('W/"1"', "version.changed")])
def test_an_edit_without_a_good_tag_is_refused(tag: str | None, code: str) -> None:
    with pytest.raises(MusterError) as refused:
        expected_version(tag)
    assert refused.value.code == code


def test_a_tag_is_a_version() -> None:
    assert expected_version('"12"') == 12


def test_every_kind_of_error_has_a_status_and_a_title() -> None:
    kinds = {kind.kind for kind in MusterError.__subclasses__()}
    assert kinds == set(STATUS_OF_KIND)
    assert set(STATUS_OF_KIND.values()) <= set(TITLES)
    assert errors.MusterError.kind not in STATUS_OF_KIND


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Forbidden("permission.missing", ""), 403),
        (Forbidden("token.expired", ""), 401),
        (Conflict("x", ""), 409),
        (Conflict("version.changed", ""), 412),
        (Unavailable("sign_in.too_many", ""), 429),
        (Unavailable("x", ""), 503),
    ],
)
def test_statuses(problem: MusterError, status: int) -> None:
    assert status_of(problem) == status


class _Inner(msgspec.Struct, forbid_unknown_fields=True):
    label: str


class _Outer(msgspec.Struct):
    device: _Inner
    many: list[_Inner] = []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "device"),
        (b'{"device": {"label": 1}}', "device.label"),
        (b'{"device": {"label": "x", "y": 1}}', "device.y"),
        (b'{"device": {"label": "x"}, "many": [{}]}', "many[0].label"),
        (b"5", None),
    ],
)
def test_the_field_is_named_as_a_path(body: bytes, field: str | None) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode(body, type=_Outer)
    assert invalid_by(refused.value).field == field
