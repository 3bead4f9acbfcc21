"""Hypothesis strategies for hostile texts, JSON, bytes, tokens and events."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from tests.integration.service.test_hostile import BODIES, EVENTS, FORMS, TEXTS, VALUES

texts = st.one_of(
    st.sampled_from([*TEXTS.values()]),
    st.text(max_size=300),
    st.text(alphabet="\u0301\u0316\u0f73\u05b0\u3099a", max_size=1_100),
    st.text(alphabet="0123456789.-+eE_", max_size=400),
    st.from_regex(r"(?:rl|usr|crd|kss|key|jky|ks|ak)_[0-9A-Za-z]{20,70}", fullmatch=True),
)
"""Lone surrogates are among them."""
sendable = texts.map(lambda text: text.encode("utf-8", "replace").decode())
headers = texts.map(lambda text: text.encode("latin-1", "replace").decode("latin-1"))
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(min_value=-(10**40), max_value=10**40),
        st.floats(allow_nan=False, allow_infinity=False),
        texts,
        st.sampled_from([*VALUES.values()]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(texts, inner, max_size=6)),
    max_leaves=20,
)


@st.composite
def bytes_of(draw: st.DrawFn, right: bytes) -> bytes:
    """These bytes with some of them changed, left out, repeated or put in."""
    raw = bytearray(right)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(raw) - 1)))
        match draw(st.sampled_from(("change", "cut", "drop", "repeat", "insert"))):
            case "change" if raw:
                raw[at] = draw(st.integers(0, 255))
            case "cut":
                del raw[at:]
            case "drop":
                del raw[at : at + draw(st.integers(1, 20))]
            case "repeat":
                raw[at:at] = raw[at : at + 40] * draw(st.integers(1, 40))
            case _:
                raw[at:at] = draw(st.binary(max_size=20))
    return bytes(raw)


@st.composite
def bodies(draw: st.DrawFn, right: dict[str, Any]) -> bytes:
    """A right body, and that spoilt in its fields, its form or its bytes."""
    body: Any = dict(right)
    for name in draw(st.lists(st.sampled_from([*right]), max_size=2)) if right else []:
        if draw(st.booleans()):
            body[name] = draw(values)
        else:
            body.pop(name, None)
    if draw(st.integers(0, 4)) == 0:
        body[draw(texts)] = draw(values)
    raw = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    match draw(st.integers(0, 9)):
        case 0 | 1:
            return draw(bytes_of(raw))
        case 2:
            return draw(st.sampled_from([*BODIES.values()]))
        case 3:
            return json.dumps(draw(values)).encode()
        case 4:
            return raw[:-1] + b" " * draw(st.integers(0, 64_000)) + raw[-1:]
    return raw


@st.composite
def forms(draw: st.DrawFn, right: dict[str, str]) -> bytes:
    """A right form, and that spoilt in its parameters or its bytes."""
    pairs = [*right.items()]
    for name in draw(st.lists(st.sampled_from([*right]), max_size=2)):
        pairs.append((name, draw(st.one_of(texts, tokens(right["token"])))))
        if draw(st.booleans()):
            pairs.pop(0)
    pairs += draw(st.lists(st.tuples(texts, texts), max_size=3))
    raw = urlencode(pairs, errors="surrogatepass").encode()
    match draw(st.integers(0, 5)):
        case 0 | 1:
            return draw(bytes_of(raw))
        case 2:
            return draw(st.sampled_from([*BODIES.values(), *FORMS.values()]))
        case 3:
            return raw + b"&" * draw(st.integers(0, 60_000))
    return raw


def part(value: object) -> bytes:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


@st.composite
def tokens(draw: st.DrawFn, right: str) -> str:
    """A right token spoilt in its bytes, its parts or what these hold; or nothing like one."""
    header, payload, signature = right.encode().split(b".")
    match draw(st.integers(0, 5)):
        case 0:
            return draw(bytes_of(right.encode())).decode("latin-1")
        case 1:
            return draw(texts)
        case 2:
            spoilt = part(draw(bytes_of(base64.urlsafe_b64decode(payload + b"=="))))
            return b".".join((header, spoilt, signature)).decode()
        case 3:
            spoilt = part(draw(bytes_of(base64.urlsafe_b64decode(header + b"=="))))
            return b".".join((spoilt, payload, signature)).decode()
        case 4:
            return b".".join((part(draw(values)), part(draw(values)), signature)).decode()
    return ".".join(draw(st.lists(texts, max_size=5)))


@st.composite
def events(draw: st.DrawFn, right: dict[str, Any]) -> dict[str, Any]:
    """A right event with parts left out, or of another kind, at any depth."""
    event: dict[str, Any] = right | draw(st.sampled_from([*EVENTS.values()]))
    for name in draw(st.lists(st.sampled_from([*right]), max_size=3)):
        if name == "routeKey":
            continue
        if draw(st.booleans()):
            event.pop(name, None)
        else:
            event[name] = draw(values)
    if isinstance(event.get("requestContext"), dict) and draw(st.booleans()):
        name = draw(st.sampled_from(("http", "requestId", "domainName")))
        event["requestContext"] = event["requestContext"] | {name: draw(values)}
    return event
