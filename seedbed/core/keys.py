"""The secret key, and the keyed hashes that ids, digests, groups and stand-ins are made of.

The key comes from the environment (SEEDBED_PII_KEY) or the git-ignored file `.seedbed/key`.
Without either the public default is used, so that the example gives the same bytes everywhere;
stand-ins made with it can be guessed by anyone who guesses the value. params.yaml holds the key's
fingerprint, so that data made with another key is never mixed in.
"""

import hashlib
import hmac
import os
from pathlib import Path

from seedbed.core.errors import KeyFileError

KEY_FILE = Path(".seedbed/key")
PUBLIC_KEY = b"seedbed public example key"


def load_key(fingerprint: str) -> bytes:
    """The key whose fingerprint params.yaml holds. Raises KeyFileError for any other."""
    if value := os.environ.get("SEEDBED_PII_KEY"):
        key, place = value.encode(), "environment SEEDBED_PII_KEY"
    elif KEY_FILE.exists():
        key, place = KEY_FILE.read_bytes().strip(), str(KEY_FILE)
    else:
        key, place = PUBLIC_KEY, "the public default key (no SEEDBED_PII_KEY, no .seedbed/key)"
    found = fingerprint_of(key)
    if found != fingerprint:
        raise KeyFileError(
            place,
            f"its fingerprint is {found}",
            f"{fingerprint}, from anonymize.key_fingerprint in params.yaml",
            "use the key that made this data, or, for new data, put the new fingerprint there",
        )
    return key


def is_public(key: bytes) -> bool:
    """Whether this is the key that everyone knows."""
    return hmac.compare_digest(key, PUBLIC_KEY)


def fingerprint_of(key: bytes) -> str:
    """12 hex digits that name a key without giving it away."""
    return hashlib.sha256(b"seedbed fingerprint\0" + key).hexdigest()[:12]


def keyed_hash(key: bytes, *parts: str) -> str:
    """16 hex digits of HMAC-SHA256 (RFC 2104) over the parts; each is ended by its length, so
    ("ab", "c") and ("a", "bc") differ."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    message = b"".join(part + len(part).to_bytes(8, "big") for part in encoded)
    return hmac.digest(key, message, "sha256").hex()[:16]


def hash_number(text: str) -> int:
    """64 bits of a text's hash without the key, as a number: what seeded draws are made of."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
