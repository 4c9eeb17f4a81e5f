"""Access tokens: what verifies, and above all what does not."""

from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import ManualClock
from core.errors import Forbidden
from people.permissions import Role
from people.tokens import ACCESS_LIFE, KEY_LIFE, LEEWAY, Tokens

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
IDS = [UUID(int=n) for n in range(1, 5)]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def tokens(tmp_path: Path, clock: ManualClock) -> Tokens:
    return Tokens(tmp_path, clock)


def issue(tokens: Tokens) -> str:
    return tokens.issue(tenant=IDS[0], account=IDS[1], role=Role.WORKER, device=IDS[2], sign_in=IDS[3])[0]


def key_of(folder: Path) -> tuple[str, Ed25519PrivateKey]:
    path = max(folder.glob("*.pem"))
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return path.stem, key


def forged(folder: Path, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token signed with the right key and something wrong in it; None removes a claim."""
    kid, key = key_of(folder)
    claims: dict[str, Any] = {
        "iss": "muster",
        "aud": "muster-api",
        "sub": str(IDS[1]),
        "tenant": str(IDS[0]),
        "role": "worker",
        "device": str(IDS[2]),
        "sid": str(IDS[3]),
        "jti": str(IDS[0]),
        "iat": int(START.timestamp()),
        "exp": int((START + ACCESS_LIFE).timestamp()),
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    headers = {"kid": kid, "typ": "at+jwt"} | (header or {})
    return jwt.encode(
        claims, key, "EdDSA", headers={name: value for name, value in headers.items() if value is not None}
    )


def code_of(tokens: Tokens, token: str) -> str:
    try:
        tokens.verify(token)
    except Forbidden as refused:
        return refused.code
    return "good"


def test_what_is_issued_verifies(tokens: Tokens, tmp_path: Path) -> None:
    claims = tokens.verify(issue(tokens))
    assert (claims.tenant, claims.sub, claims.role, claims.device, claims.sid) == (
        IDS[0],
        IDS[1],
        Role.WORKER,
        IDS[2],
        IDS[3],
    )
    assert claims.expires_at == START + ACCESS_LIFE
    assert code_of(tokens, forged(tmp_path)) == "good"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "somebody-else"},
        {"aud": ["muster-api", "somebody-else"]},
        {"aud": None},
        {"iss": "somebody-else"},
        {"iss": None},
        {"sub": "wang"},
        {"tenant": None},
        {"role": "king"},
        {"exp": None},
        {"iat": None},
        {"exp": int(START.timestamp()) + 10 * 3600},
        {"iat": int(START.timestamp()) + 3600, "exp": int(START.timestamp()) + 4000},
        {"sid": 5},
    ],
)
def test_wrong_claims_are_invalid_even_with_our_signature(
    tokens: Tokens, tmp_path: Path, changes: dict[str, Any]
) -> None:
    assert code_of(tokens, forged(tmp_path, **changes)) == "token.invalid"


@pytest.mark.parametrize("header", [{"kid": "other"}, {"kid": None}, {"kid": "../x"}, {"typ": "JWT"}])
def test_wrong_headers_are_invalid(tokens: Tokens, tmp_path: Path, header: dict[str, Any]) -> None:
    assert code_of(tokens, forged(tmp_path, header)) == "token.invalid"


def test_alg_none_and_hmac_with_the_public_key_are_invalid(tokens: Tokens, tmp_path: Path) -> None:
    kid, key = key_of(tmp_path)
    body = issue(tokens).split(".")[1]

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    for alg in ("none", "None", "HS256"):
        head = part({"alg": alg, "kid": kid, "typ": "at+jwt"})
        assert code_of(tokens, f"{head}.{body}.") == "token.invalid"
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    secret = key.public_key().public_bytes_raw() * 2
    hmac = jwt.encode(claims, secret, "HS256", headers={"kid": kid, "typ": "at+jwt"})
    assert code_of(tokens, hmac) == "token.invalid"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(min_value=0), character=st.sampled_from("ABCxyz019-_."))
def test_no_tampered_token_verifies(tokens: Tokens, position: int, character: str) -> None:
    token = issue(tokens)
    at = position % len(token)
    changed = token[:at] + character + token[at + 1 :]
    # The last character of a part may carry bits that decode to nothing: the bytes signed are what counts.
    if [_raw(p) for p in changed.split(".")] != [_raw(p) for p in token.split(".")]:
        assert code_of(tokens, changed) == "token.invalid"


def _raw(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) if len(part) % 4 != 1 else part.encode()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200))
def test_no_text_at_all_raises_anything_but_invalid(tokens: Tokens, text: str) -> None:
    assert code_of(tokens, text) == "token.invalid"


def test_a_token_ends_at_its_minute(tokens: Tokens, clock: ManualClock) -> None:
    token = issue(tokens)
    clock.advance(ACCESS_LIFE.total_seconds() - 1)
    assert code_of(tokens, token) == "good"
    clock.advance(1)
    assert code_of(tokens, token) == "token.expired"


def test_rotation_signs_with_the_new_key_and_verifies_with_both(
    tokens: Tokens, tmp_path: Path, clock: ManualClock
) -> None:
    old = issue(tokens)
    clock.advance(60)
    kid = tokens.rotate()
    assert jwt.get_unverified_header(issue(tokens))["kid"] == kid
    assert code_of(tokens, old) == "good"


def test_a_retired_key_verifies_nothing_and_is_removed(tokens: Tokens, tmp_path: Path, clock: ManualClock) -> None:
    kid, _ = key_of(tmp_path)
    clock.advance(60)
    tokens.rotate()
    clock.advance((ACCESS_LIFE + LEEWAY).total_seconds() + 1)
    fresh = forged(tmp_path, {"kid": kid}, iat=int(clock.now().timestamp()), exp=int(clock.now().timestamp()) + 60)
    assert code_of(tokens, fresh) == "token.invalid"
    tokens.rotate()
    assert kid not in {path.stem for path in tmp_path.glob("*.pem")}
    assert len(list(tmp_path.glob("*.pem"))) == 2


def test_another_process_learns_a_new_key_from_the_folder(tmp_path: Path, clock: ManualClock) -> None:
    first, second = Tokens(tmp_path, clock), Tokens(tmp_path, clock)
    second._looked_at_s -= 10  # the reload is limited to once a second of real time
    first.rotate()
    assert code_of(second, issue(first)) == "good"
    assert code_of(first, issue(second)) == "good"


def test_a_month_is_when_a_key_is_due(tokens: Tokens, clock: ManualClock) -> None:
    assert not tokens.rotate_when_due()
    clock.advance(KEY_LIFE.total_seconds())
    assert tokens.rotate_when_due()
    assert not tokens.rotate_when_due()


def test_only_the_owner_can_read_a_key(tokens: Tokens, tmp_path: Path) -> None:
    for path in tmp_path.glob("*.pem"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
