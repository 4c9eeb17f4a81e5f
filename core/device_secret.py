"""Device secrets as hashes, in mosquitto's own format, so that one string serves the database and both brokers.

Format: ``$7$<iterations>$<salt>$<PBKDF2-HMAC-SHA512, 64 bytes>``, both base64 (mosquitto 2.0, mosquitto_passwd).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os

# The broker verifies on its only thread: a thousand devices reconnecting after its restart cost half a second. The
# secrets are random, not words, so rounds guard little (mosquitto's own default is 101).
ITERATIONS = 1_000
# A stored hash may not ask for more: it would stop the broker.
ITERATIONS_MAX = 1_000_000
# What mosquitto 2.0.11 reads and writes: a longer salt is refused.
SALT_BYTES = 12
_KEY_BYTES = 64


def hash_secret(secret: str, *, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """The secret's hash; ``salt`` is for tests, else random."""
    chosen = os.urandom(SALT_BYTES) if salt is None else salt
    key = hashlib.pbkdf2_hmac("sha512", secret.encode(), chosen, iterations, _KEY_BYTES)
    return f"$7${iterations}${base64.b64encode(chosen).decode()}${base64.b64encode(key).decode()}"


def verify_secret(secret: str, hashed: str) -> bool:
    """True when the hash is the secret's; a hash that is not in the format matches nothing. Constant time."""
    parts = hashed.split("$")
    if len(parts) != 5 or parts[:2] != ["", "7"] or not (parts[2].isascii() and parts[2].isdigit()):
        return False
    # By its digits first: thousands of them are more than int() takes.
    if len(parts[2]) > len(str(ITERATIONS_MAX)) or not 1 <= int(parts[2]) <= ITERATIONS_MAX:
        return False
    iterations = int(parts[2])
    try:
        salt, key = base64.b64decode(parts[3], validate=True), base64.b64decode(parts[4], validate=True)
    except (binascii.Error, ValueError):
        return False
    made = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations, _KEY_BYTES)
    return hmac.compare_digest(made, key)
