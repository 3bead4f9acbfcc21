"""A realm's issuer: the URL below which its public documents are served."""

from typing import Final

from sojourn.domain.errors import Invalid

LONGEST: Final = 200
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_ALLOWED: Final = (
    "issuer must be an https URL of a host and maybe a path, at most {longest} ASCII characters, "
    "and end in /v1/realms/{realm_id}; http is allowed only for 127.0.0.1 and localhost."
)


def check(issuer: str, realm_id: str) -> None:
    """Raise `Invalid` unless verifiers can find the realm's configuration below that issuer."""
    if not _good(issuer, f"/v1/realms/{realm_id}"):
        raise Invalid(errors=[_ALLOWED.format(longest=LONGEST, realm_id=realm_id)])


def _good(issuer: str, ending: str) -> bool:
    plain = issuer.isascii() and issuer.isprintable() and not set(issuer) & set(' \\?#%@"<>')
    if not plain or len(issuer) > LONGEST or not issuer.endswith(ending):
        return False
    # Here, for only a realm's change has an issuer to check.
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(issuer)
        _ = parts.port
    except ValueError:
        return False
    path = parts.path.removesuffix(ending)
    steps = path.split("/")[1:]
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    return (
        bool(parts.hostname)
        and (parts.scheme == "https" or local)
        and issuer.startswith(f"{parts.scheme}://{parts.netloc}/")
        and not {"", ".", ".."} & set(steps)
    )
