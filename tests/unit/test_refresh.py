"""What a presented refresh token means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Forbidden
from people import refresh
from people.model import RefreshToken, SignIn
from people.refresh import GRACE, REFRESH_LIFE, REPLACEMENTS_MAX, Verdict, judge, make, take_apart

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TENANT, TOKEN, FAMILY, DEVICE, ACCOUNT = (UUID(int=n) for n in range(1, 6))
TEXT, HASH = make(TENANT, TOKEN)
FRESH = RefreshToken(TENANT, TOKEN, FAMILY, None, HASH, NOW, NOW + REFRESH_LIFE, None)
SIGN_IN = SignIn(TENANT, FAMILY, ACCOUNT, DEVICE, NOW, NOW + refresh.SIGN_IN_LIFE, None)
USED = msgspec.structs.replace(FRESH, used_at=NOW)
CHILD = msgspec.structs.replace(FRESH, id=UUID(int=9), parent_id=TOKEN)


def verdict(
    token: RefreshToken = FRESH,
    family: SignIn = SIGN_IN,
    children: list[RefreshToken] | None = None,
    device: UUID = DEVICE,
    after: timedelta = timedelta(),
    text: str = TEXT,
) -> Verdict:
    return judge(token, family, children or [], presented=take_apart(text), device_id=device, now=NOW + after)


def test_a_token_works_once_while_it_lives() -> None:
    assert verdict() is Verdict.ROTATE
    assert verdict(after=REFRESH_LIFE) is Verdict.REFUSE


def test_a_lost_answer_may_be_asked_for_again_for_a_while() -> None:
    assert verdict(USED, children=[CHILD], after=GRACE) is Verdict.ROTATE
    assert verdict(USED, children=[CHILD], after=GRACE + timedelta(seconds=1)) is Verdict.REUSE


def test_once_an_answer_was_used_asking_again_is_theft() -> None:
    spent = msgspec.structs.replace(CHILD, used_at=NOW)
    assert verdict(USED, children=[CHILD, spent]) is Verdict.REUSE


def test_a_sibling_that_was_passed_over_is_theft() -> None:
    assert verdict(USED, children=[]) is Verdict.REUSE


def test_more_answers_than_a_bad_network_needs_is_theft() -> None:
    assert verdict(USED, children=[CHILD] * REPLACEMENTS_MAX) is Verdict.REUSE


def test_another_device_is_theft() -> None:
    assert verdict(device=UUID(int=77)) is Verdict.REUSE


def test_a_wrong_secret_revokes_nothing() -> None:
    other, _ = make(TENANT, TOKEN)
    assert verdict(USED, text=other, after=GRACE * 10) is Verdict.REFUSE


def test_an_ended_family_answers_nothing() -> None:
    assert verdict(family=msgspec.structs.replace(SIGN_IN, revoked_at=NOW)) is Verdict.REFUSE
    assert verdict(family=msgspec.structs.replace(SIGN_IN, ends_at=NOW)) is Verdict.REFUSE


@given(st.text(max_size=120))
def test_any_text_is_refused_or_taken_apart(text: str) -> None:
    try:
        parts = take_apart(text)
    except Forbidden as refused:
        assert refused.code == "refresh.refused"  # noqa: PT017 - any text may be either
    else:
        assert len(parts.secret_hash) == 32


@pytest.mark.parametrize("text", ["", "x" * 85, "!" * 86, "é" * 86, "x" * 85 + "="])
def test_what_is_no_token_is_refused_without_saying_why(text: str) -> None:
    with pytest.raises(Forbidden) as refused:
        take_apart(text)
    assert refused.value.code == "refresh.refused"


@pytest.mark.parametrize("tenant", [UUID(int=0), UUID(int=2**128 - 1)])
def test_a_token_says_where_it_is_stored(tenant: UUID) -> None:
    text, secret_hash = make(tenant, TOKEN)
    assert take_apart(text) == refresh.Presented(tenant, TOKEN, secret_hash)
