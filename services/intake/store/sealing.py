"""What the vault's database never has: the two keys, and the ways to seal, open and look up with them."""

import hashlib
import hmac
import os
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

KEY_BYTES, NONCE_BYTES = 32, 12


class VaultKeys:
    """A key that wraps the data keys (RFC 3394), and one for look-up (HMAC-SHA256). No repr shows them."""

    def __init__(self, wrapping_file: Path, lookup_file: Path) -> None:
        """Raises ValueError when a file does not hold exactly 32 bytes."""
        self._wrapping, self._lookup = _key(wrapping_file), _key(lookup_file)

    def lookup(self, text: str | bytes) -> bytes:
        """What a number is found by, and what a request is compared by: under a key, for every number can be tried against a mere hash."""
        return hmac.digest(self._lookup, text.encode() if isinstance(text, str) else text, hashlib.sha256)

    def new_data_key(self) -> bytes:
        """A data key for one person, wrapped."""
        return aes_key_wrap(self._wrapping, os.urandom(KEY_BYTES))

    def seal(self, person_ref: UUID, wrapped: bytes, plain: bytes) -> bytes:
        """AES-256-GCM under the person's data key, bound to the person, under a nonce of its own each time."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(wrapped).encrypt(nonce, plain, person_ref.bytes)

    def open(self, person_ref: UUID, wrapped: bytes, sealed: bytes) -> bytes:
        """What was sealed for this person under this key; raises for any other."""
        return self._cipher(wrapped).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], person_ref.bytes)

    def _cipher(self, wrapped: bytes) -> AESGCM:
        return AESGCM(aes_key_unwrap(self._wrapping, wrapped))


def _key(file: Path) -> bytes:
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key file of the vault must hold {KEY_BYTES} bytes")
    return key
