"""The endpoint of a service, by region, partition, FIPS and dual stack, as botocore resolves it.

It reads botocore's environment variables: AWS_DEFAULT_REGION (and Lambda's AWS_REGION),
AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS,
AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT. Configuration files are not read.
"""

import re
from collections.abc import Mapping
from typing import Final

from sojourn.aws.errors import EndpointInvalid
from sojourn.domain.values import dataclass

_REGION: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOST: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?|[0-9a-f.]*:[0-9a-f:.]*")
_COMMERCIAL: Final = ("amazonaws.com", "api.aws")
_PARTITIONS: Final = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
"""The domain and the dual-stack domain of each partition, by how its regions begin. All others,
GovCloud too, have those of commercial regions."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service is, and the region that requests to it are signed for."""

    host: str
    port: int
    secure: bool
    region: str

    @property
    def authority(self) -> str:
        """The `Host` header: the port only if it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def endpoint_of(service: str, environ: Mapping[str, str], *, url: str | None = None) -> Endpoint:
    """The endpoint of `dynamodb` or `kms`; `url` overrides the environment's.

    Raises `EndpointInvalid`.
    """
    region = environ.get("AWS_DEFAULT_REGION") or environ.get("AWS_REGION")
    if not region:
        raise EndpointInvalid("No AWS region: set AWS_REGION.")
    if not _REGION.fullmatch(region):
        raise EndpointInvalid(f"AWS_REGION must be such as eu-west-1, not {region[:80]!r}.")
    fips = _is_true(environ, "AWS_USE_FIPS_ENDPOINT")
    dual_stack = _is_true(environ, "AWS_USE_DUALSTACK_ENDPOINT")
    url = url or _configured(service, environ)
    if url is None:
        host = _host(service, region, fips=fips, dual_stack=dual_stack)
        return Endpoint(host, 443, secure=True, region=region)
    if fips or dual_stack:
        name = "AWS_USE_FIPS_ENDPOINT" if fips else "AWS_USE_DUALSTACK_ENDPOINT"
        raise EndpointInvalid(f"{name} cannot be combined with an endpoint's address.")
    return _at(url, region)


def _host(service: str, region: str, *, fips: bool, dual_stack: bool) -> str:
    domains = next((d for begin, d in _PARTITIONS.items() if region.startswith(begin)), _COMMERCIAL)
    # GovCloud's own endpoint of DynamoDB is the FIPS one, unless it is a dual-stack one.
    own = service == "dynamodb" and region.startswith("us-gov-") and not dual_stack
    name = f"{service}-fips" if fips and not own else service
    return f"{name}.{region}.{domains[dual_stack]}"


def _configured(service: str, environ: Mapping[str, str]) -> str | None:
    if _is_true(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return None
    of_service = environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
    return of_service or environ.get("AWS_ENDPOINT_URL") or None


def _at(url: str, region: str) -> Endpoint:
    # Only a stack beside AWS needs it.
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise EndpointInvalid("The endpoint's address is malformed.") from error
    if parts.scheme not in ("http", "https") or host is None or not is_host(host):
        raise EndpointInvalid("The endpoint's address must be http://… or https://….")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise EndpointInvalid("The endpoint's address must be a scheme, host and port only.")
    secure = parts.scheme == "https"
    return Endpoint(host, port or (443 if secure else 80), secure=secure, region=region)


def is_host(name: str) -> bool:
    """Whether a name in lower case can be looked up, and written into a header."""
    return _HOST.fullmatch(name) is not None


def _is_true(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() == "true"
