"""A file as it was before somebody compressed it: read as a stream, its lines counted, and no bomb."""

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

GZIP_MAGIC: Final = b"\x1f\x8b"
LONGEST_LINE: Final = 4 * 1024 * 1024
BOMB_FROM: Final = 4 * 1024 * 1024
BOMB_RATIO: Final = 250
"""Real logs shrink to a tenth or a thirtieth; a file of one repeated byte to a thousandth."""
BUFFER: Final = 64 * 1024


class Damaged(Exception):
    """The bytes of a file cannot be had. Says why, and never what they are."""


def unpacked(raw: BinaryIO) -> io.BufferedReader:
    """The file without its compression, which its first bytes show, whatever it is called. Reading raises Damaged."""
    start = raw.tell()
    magic = raw.read(len(GZIP_MAGIC))
    raw.seek(start)
    return io.BufferedReader(_Gunzipped(raw) if magic == GZIP_MAGIC else _Plain(raw), BUFFER)


def lines(text: io.BufferedReader) -> Iterator[bytes]:
    """Line by line, ends included. Raises Damaged for one that is too long to be one."""
    while line := text.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise Damaged(f"has a line longer than {LONGEST_LINE // 2**20} MiB here")
        yield line


class _Plain(io.RawIOBase):
    """A file that stays open when its reader goes."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._piece(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def _piece(self, most: int) -> bytes:
        return self._raw.read(most)


class _Gunzipped(_Plain):
    """What gzip hid."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(raw)
        self._text, self._given = gzip.GzipFile(fileobj=raw), 0

    def _piece(self, most: int) -> bytes:
        try:
            piece = self._text.read(most)
        except EOFError:
            raise Damaged("is truncated: the compressed data ends in the middle") from None
        except (gzip.BadGzipFile, zlib.error):
            raise Damaged("is damaged: the compressed data cannot be read") from None
        self._given += len(piece)
        if self._given > BOMB_FROM and self._given > BOMB_RATIO * self._raw.tell():
            raise Damaged(f"unpacks to more than {BOMB_RATIO} times its size, so it is no log")
        return piece
