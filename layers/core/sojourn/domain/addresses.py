"""Parse IP addresses as gateways, proxies and servers write them, into one form."""

import re
from functools import lru_cache
from typing import Final

_FORMS: Final = r"""(?xs)
    (?P<ipv4>[0-9.]+)(:[0-9]{1,5})?
    | (?P<ipv6>[0-9A-Fa-f:.]+)(%.*)?
    | \[(?P<bracketed>[0-9A-Fa-f:.]+)(%[^\]]*)?\](:[0-9]{1,5})?
"""


@lru_cache(maxsize=4)
def normal(text: str) -> str | None:
    """The address without port and zone, an IPv4-mapped IPv6 address as IPv4; None: no address.

    It is the same text on every version of Python, and contains only hexadecimal digits,
    dots and colons. The last few are remembered, because a login asks several times.
    """
    # Here, for few requests have an address that matters.
    from ipaddress import IPv4Address, IPv6Address

    found = re.fullmatch(_FORMS, text.strip(" "))
    if found is None:
        return None
    try:
        if found["ipv4"]:
            return str(IPv4Address(found["ipv4"]))
        address = IPv6Address(found["ipv6"] or found["bracketed"])
    except ValueError:
        return None
    return str(address.ipv4_mapped or address)


def network(ip: str | None) -> str | None:
    """The network that is counted: an IPv4 address, or the /64 of an IPv6 address; None: unknown.

    An IPv4-mapped IPv6 address counts as its IPv4 address.
    """
    address = None if ip is None else normal(ip)
    if address is None or ":" not in address:
        return address
    from ipaddress import IPv6Address

    return f"{IPv6Address(int(IPv6Address(address)) >> 64 << 64)}/64"
