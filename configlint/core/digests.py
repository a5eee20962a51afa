"""The digests by which a file that was compiled is known again."""

from __future__ import annotations

import hashlib
import zlib

# What stands in the field of a text while its own digest is not known.
UNSEALED = "0" * 64
_FIELD = '"digest": "{}"'
# A byte with its bits in the opposite order.
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def digest(data: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sealed(text: str) -> str:
    """A text with its own digest in its field `digest`, which is to be there with UNSEALED in it."""
    return text.replace(_FIELD.format(UNSEALED), _FIELD.format(digest(text.encode())), 1)


def is_sealed(data: bytes, claimed: str) -> bool:
    """Whether a text is the one that this digest was put into."""
    blank = data.replace(_FIELD.format(claimed).encode(), _FIELD.format(UNSEALED).encode(), 1)
    return blank != data and digest(blank) == claimed


def cksum(data: bytes) -> str:
    """What the command `cksum` prints of a file on its stdin: a checksum and the size in bytes.

    Source: POSIX.1-2017, cksum: CRC-32 of the bytes and of their number, the highest bit first. zlib has the same
    sum with the lowest bit first.
    """
    size = len(data)
    length = size.to_bytes((size.bit_length() + 7) // 8, "little")
    mirrored = zlib.crc32((data + length).translate(_MIRRORED), 0xFFFFFFFF)
    return f"{int(f'{mirrored:032b}'[::-1], 2)} {size}"
