"""Normalise the domain of an email to its DNS form (IDNA 2008, UTS 46).

`münchen.de`, `MÜNCHEN.DE` and `xn--mnchen-3ya.de` are equal; `straße.de` and `strasse.de` are not.
"""

from typing import Final

LONGEST: Final = 253
"""Characters of a domain. A longer text is not a domain."""


def ascii_form(domain: str) -> str | None:
    """The domain in lower-case ASCII; None if IDNA does not allow it."""
    if domain.isascii() and not _has_ace(domain):
        return domain.lower()
    if len(domain) > LONGEST:
        return None
    # Its tables are large, and few emails need them.
    import idna

    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii")
    except ValueError:
        return None


def shown_form(domain: str) -> str:
    """The domain in its own script, if it was sent as `xn--…`; otherwise unchanged."""
    if not domain.isascii() or not _has_ace(domain) or len(domain) > LONGEST:
        return domain
    import idna

    try:
        return idna.decode(domain)
    except ValueError:
        return domain


def _has_ace(domain: str) -> bool:
    return "xn--" in domain.lower()
