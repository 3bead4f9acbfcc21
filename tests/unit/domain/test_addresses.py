"""IP addresses in the forms that proxies write."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.api.request import Request
from sojourn.domain import addresses
from tests.unit.api.test_request import event


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("203.0.113.9:5", "203.0.113.9"),
        ("203.0.113.9:52341", "203.0.113.9"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4", "2001:db8::1"),
        ("[2001:db8::1]:44300", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::FFFF:cb00:7109", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:443", "203.0.113.9"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%", "fe80::1"),
        ("[fe80::1%25eth0]:443", "fe80::1"),
        ("[fe80::1%]", "fe80::1"),
        ("::1%<img src=x onerror=alert(1)>", "::1"),
        ("::1%\x1b[31m\r\nx: y\N{RIGHT-TO-LEFT OVERRIDE}", "::1"),
    ],
)
def test_address_has_neither_port_nor_zone(text: str, address: str) -> None:
    """An address is kept without its port and zone, and a mapped one as IPv4."""
    assert addresses.normal(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "unknown",
        "localhost",
        "203.0.113.9.",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.9:",
        "203.0.113.9:x",
        "203.0.113.9:123456",
        "203.0.113.9%eth0",
        "203.0.113.9, 198.51.100.7",
        "203.0.113.9\n",
        "[203.0.113.9]",
        "[203.0.113.9]:443",
        "٢٠٣.0.113.9",
        "203.0.113.9:٤٤٣",
        "2001:db8::1]:443",
        "[2001:db8::1",
        "[2001:db8::1]443",
        "[2001:db8::1]:",
        "[2001:db8::1]:123456",
        "[2001:db8::1]x",
        "2001:db8::1::2",
        "2001:db8::12345",
        "::1/64",
        "%eth0",
        "[]",
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    """A name, a list, a part of an address and what looks like one are no address."""
    assert addresses.normal(text) is None


@given(st.ip_addresses())
def test_every_address_is_taken(address: object) -> None:
    """Each IPv4 and IPv6 address has a normal form, which is its own normal form."""
    found = addresses.normal(str(address))
    assert found is not None
    assert addresses.normal(found) == found
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        assert IPv6Address(found) == address


@given(st.one_of(st.text(), st.text(alphabet="0123456789abcdef.:%[] \x1b\r\n")))
def test_what_is_kept_is_harmless(text: str) -> None:
    """A normalised address contains only hexadecimal digits, dots and colons."""
    assert set(addresses.normal(text) or "") <= set("0123456789abcdef.:")


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1"),
        ("test-invoke-source-ip", None),
        ("", None),
        (None, None),
    ],
)
def test_connections_address_is_kept_alike(source: str | None, address: str | None) -> None:
    """The gateway's own reading is normal too; what is no address is as if none had come."""
    sent = event(None)
    sent["requestContext"]["http"]["sourceIp"] = source
    assert Request.of(sent).ip == address


@pytest.mark.parametrize(
    ("ip", "whom"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", None),
        ("localhost", None),
    ],
)
def test_address_is_ipv4_or_the_64_of_ipv6(ip: str, whom: str | None) -> None:
    """An IPv4 address is its own network however it is written, an IPv6 address for its /64."""
    assert addresses.network(ip) == whom
