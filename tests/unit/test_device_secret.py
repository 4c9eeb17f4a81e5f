"""Device secrets: hashes that mosquitto reads, and that nothing else matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.device_secret import ITERATIONS_MAX, hash_secret, verify_secret

SALT = b"0123456789ab"


def test_a_secret_matches_its_hash_and_no_other() -> None:
    hashed = hash_secret("pump secret")
    assert verify_secret("pump secret", hashed)
    assert not verify_secret("pump secre", hashed)
    assert not verify_secret("", hashed)
    assert hashed.startswith("$7$1000$")
    assert hashed != hash_secret("pump secret")


@pytest.mark.parametrize(
    "hashed",
    [
        "", "$", "$7$", "pump secret", "$6$1000$MDEyMzQ1Njc4OWFi$AAAA", "$7$0$MDEyMzQ1Njc4OWFi$AAAA",
        "$7$-1$MDEyMzQ1Njc4OWFi$AAAA", "$7$x$MDEyMzQ1Njc4OWFi$AAAA", f"$7${ITERATIONS_MAX + 1}$MDEy$AAAA",
        "$7$" + "9" * 5_000 + "$MDEy$AAAA", "$7$\u0661$MDEy$AAAA", "$7$1$%%%%$AAAA", "$7$1$MDEy$AAAA$",
        "$7$1$MDEy$", "$7$1$MDEy$\u00e9",
    ],
)  # fmt: skip
def test_what_is_no_hash_matches_nothing(hashed: str) -> None:
    assert not verify_secret("pump secret", hashed)


def test_a_shortened_key_does_not_match() -> None:
    hashed = hash_secret("pump secret", salt=SALT, iterations=1)
    assert verify_secret("pump secret", hashed)
    assert not verify_secret("pump secret", hashed[:-4])


@given(st.text(max_size=30), st.text(max_size=60))
def test_any_text_is_answered(secret: str, hashed: str) -> None:
    assert not verify_secret(secret, hashed)
    assert verify_secret(secret, hash_secret(secret, salt=SALT, iterations=1))
