"""Read as much of HTTP/1.1 as an AWS service answers with, and refuse the rest.

An answer has a status line of HTTP/1.1, headers within `MOST_HEAD`, and a body of the length that
it announces, or in chunks (servers beside AWS send them). Anything else counts as no answer.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from sojourn.aws.errors import NoAnswer

MOST_HEAD: Final = 16_384
MOST_BODY: Final = 33_554_432
"""Bytes of an answer's body; DynamoDB's longest is 16 MB."""
PIECE: Final = 262_144
"""Bytes to receive at once."""
_ONCE: Final = {"content-length", "transfer-encoding", "content-encoding", "x-amz-crc32"}

More = Callable[[int], bytes]
"""Receives the next bytes, at least one and at most that many. Raises `NoAnswer` if none come."""


class Reply(NamedTuple):
    """An answer as it came: the headers' names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def read(received: bytes, more: More) -> Reply:
    """The answer that begins with these bytes. Raises `NoAnswer`."""
    while (size := received.find(b"\r\n\r\n")) < 0 and len(received) <= MOST_HEAD:
        received += more(PIECE)
    if not 0 < size <= MOST_HEAD:
        raise NoAnswer("The answer's head is too long.")
    status, headers = _head(received[:size])
    begun = received[size + 4 :]
    if headers.get("content-encoding", "identity") != "identity":
        raise NoAnswer("The answer is encoded, which nobody asked for.")
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is None and length is not None:
        body = _exactly(_number(length, 10), begun, more)
    elif coding is not None and length is None and coding.lower() == "chunked":
        body = b"".join(_chunks(begun, more))
    else:
        raise NoAnswer("The answer's length is not known.")
    return Reply(status, headers, body)


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    """The status and the headers."""
    text = head.decode("latin-1")
    first, *lines = text.split("\r\n")
    version, _, rest = first.partition(" ")
    status = _number(rest[:3], 10)
    if version != "HTTP/1.1" or not 200 <= status <= 599 or rest[3:4] not in ("", " "):
        raise NoAnswer("The answer is not HTTP/1.1.")
    breaks = len(lines)
    if "\0" in text or text.count("\r") != breaks or text.count("\n") != breaks:
        raise NoAnswer("The answer's headers are malformed.")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not _is_token(name):
            raise NoAnswer("The answer's headers are malformed.")
        if name in headers and name in _ONCE:
            raise NoAnswer(f"The answer has two headers {name}.")
        headers[name] = value.strip(" \t")
    return status, headers


@lru_cache(maxsize=64)
def _is_token(name: str) -> bool:
    """Whether a header may have this name (cached, because answers have the same few)."""
    return name.replace("-", "").replace("_", "").isalnum() and name.isascii()


def _exactly(size: int, begun: bytes, more: More) -> bytes:
    """A body of that many bytes, of which some have come."""
    if len(begun) == size:
        return begun
    if len(begun) > size:
        raise NoAnswer(f"The answer has {len(begun)} bytes, of {size} announced.")
    pieces, missing = [begun], size - len(begun)
    while missing > 0:
        pieces.append(more(min(missing, PIECE)))
        missing -= len(pieces[-1])
    return b"".join(pieces)


def _chunks(received: bytes, more: More) -> Iterator[bytes]:
    """A body in chunks, without extensions and trailers."""
    total, size = 0, 1
    while size:
        while (at := received.find(b"\r\n")) < 0 and len(received) < 20:
            received += more(PIECE)
        size = _number(received[: max(at, 0)].decode("latin-1"), 16)
        total += size
        if total > MOST_BODY:
            raise NoAnswer("The answer is too long.")
        received = received[at + 2 :]
        while len(received) < size + 2:
            received += more(PIECE)
        if received[size : size + 2] != b"\r\n":
            raise NoAnswer("The answer's chunks are malformed.")
        yield received[:size]
        received = received[size + 2 :]
    if received:
        raise NoAnswer("The answer is followed by other bytes.")


def _number(text: str, base: int) -> int:
    """A number of a head, in digits alone."""
    # Not what `int` takes beside digits: signs, spaces, underscores, `0x`.
    if not text.isascii() or not text.isalnum() or len(text) > 9 or text[1:2] in ("x", "X"):
        raise NoAnswer("The answer's head has a malformed number.")
    try:
        number = int(text, base)
    except ValueError as error:
        raise NoAnswer("The answer's head has a malformed number.") from error
    if number > MOST_BODY:
        raise NoAnswer("The answer is too long.")
    return number
