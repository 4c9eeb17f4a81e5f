"""Google's side of a service account: the key file it hands out and the token exchange (RFC 7523, JWT bearer grant)."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
PROJECT = "muster-demo"
CLIENT_EMAIL = f"courier@{PROJECT}.iam.gserviceaccount.com"
KEY_FILE = "service-account.json"
# What google-auth signs as the audience, whatever the key file gives as token_uri.
AUDIENCE = "https://oauth2.googleapis.com/token"
# Google's access tokens live this long.
TOKEN_LIFE_S = 3600


class GrantRefusedError(Exception):
    """invalid_grant: why the assertion was not accepted."""


class ServiceAccount:
    """One service account: its key file on disk, the tokens it was given."""

    def __init__(self, key: rsa.RSAPrivateKey, key_id: str, token_uri: str) -> None:
        self._key = key
        self._key_id = key_id
        self.token_uri = token_uri
        self._tokens: dict[str, float] = {}

    @classmethod
    def open(cls, folder: Path, token_uri: str) -> ServiceAccount:
        """The account kept in ``folder``; its key file is made once and rewritten when the address moved."""
        path = folder / KEY_FILE
        if path.exists():
            kept = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
            loaded = serialization.load_pem_private_key(kept["private_key"].encode(), None)
            assert isinstance(loaded, rsa.RSAPrivateKey)
            account = cls(loaded, kept["private_key_id"], token_uri)
        else:
            account = cls(rsa.generate_private_key(65537, 2048), secrets.token_hex(20), token_uri)
        folder.mkdir(parents=True, exist_ok=True)
        account._write(path)
        return account

    def _write(self, path: Path) -> None:
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        body = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": self._key_id,
            "private_key": pem.decode(),
            "client_email": CLIENT_EMAIL,
            "client_id": "100000000000000000000",
            "auth_uri": self.token_uri.replace("/token", "/auth"),
            "token_uri": self.token_uri,
            "universe_domain": "googleapis.com",
        }
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(body)))
        fresh.replace(path)

    def exchange(self, grant_type: str, assertion: str) -> dict[str, object]:
        """An access token for a JWT signed with the account's key; raises GrantRefusedError."""
        if grant_type != GRANT:
            raise GrantRefusedError(f"unsupported grant type {grant_type}")
        try:
            claims = jwt.decode(
                assertion,
                self._key.public_key(),
                algorithms=["RS256"],
                audience=AUDIENCE,
                issuer=CLIENT_EMAIL,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except jwt.InvalidTokenError as problem:
            raise GrantRefusedError(f"Invalid JWT: {problem}") from problem
        if SCOPE not in str(claims.get("scope", "")).split() and "cloud-platform" not in str(claims.get("scope")):
            raise GrantRefusedError("the scope does not allow messaging")
        token = "ya29." + secrets.token_urlsafe(32)
        self._tokens[token] = time.monotonic() + TOKEN_LIFE_S
        return {"access_token": token, "expires_in": TOKEN_LIFE_S, "token_type": "Bearer"}

    def allows(self, authorization: str) -> bool:
        """The header carries a token given here that is still good."""
        token = authorization.removeprefix("Bearer ")
        return self._tokens.get(token, 0.0) > time.monotonic()

    def revoke_tokens(self) -> None:
        """Forget every token given: the next use of one is a 401."""
        self._tokens.clear()
