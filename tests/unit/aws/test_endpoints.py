"""Endpoints are botocore's, for every region and variant that it knows."""

import itertools
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider

from sojourn.aws.endpoints import Endpoint, endpoint_of
from sojourn.aws.errors import EndpointInvalid

LOADER = botocore.session.Session().get_component("data_loader")
PARTITIONS: dict[str, Any] = LOADER.load_data("partitions")
REGIONS = sorted(
    region
    for partition in PARTITIONS["partitions"]
    for region in partition["regions"]
    # No function runs in a partition's global pseudo-region.
    if not region.endswith("-global")
)
SERVICES = ("dynamodb", "kms")
REGION = {"AWS_REGION": "eu-west-1"}


@cache
def rules(service: str) -> EndpointProvider:
    """botocore's rules of a service."""
    found = LOADER.load_service_model(service, "endpoint-rule-set-1")
    return EndpointProvider(found, PARTITIONS)


@pytest.mark.parametrize("service", SERVICES)
def test_endpoint_is_that_of_botocores_rules(service: str) -> None:
    """Each region and one unheard of, with and without FIPS and dual stack."""
    assert len(REGIONS) >= 40
    for region, fips, dual in itertools.product([*REGIONS, "zz-west-7"], *[(False, True)] * 2):
        asked = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
        theirs = rules(service).resolve_endpoint(**asked)
        environ = {
            "AWS_REGION": region,
            "AWS_USE_FIPS_ENDPOINT": str(fips),
            "AWS_USE_DUALSTACK_ENDPOINT": str(dual).lower(),
        }
        ours = endpoint_of(service, environ)
        assert f"https://{ours.authority}" == theirs.url
        assert (ours.port, ours.secure, ours.region) == (443, True, region)
        assert not theirs.properties


AT = "AWS_ENDPOINT_URL"
ENVIRONMENTS: list[dict[str, str]] = [
    {},
    {AT: "http://127.0.0.1:8000"},
    {AT: "https://Proxy.example.com/"},
    {f"{AT}_DYNAMODB": "http://localhost:80"},
    {f"{AT}_KMS": "https://[::1]:8443"},
    {AT: "http://one:1", f"{AT}_DYNAMODB": "http://two:2", f"{AT}_KMS": "http://three:3"},
    {AT: "http://one:1", f"{AT}_DYNAMODB": ""},
    {AT: "http://one:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    {f"{AT}_DYNAMODB": "http://one:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"},
    {AT: "http://one:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "no"},
    {"AWS_USE_FIPS_ENDPOINT": "true"},
    {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
    {"AWS_USE_FIPS_ENDPOINT": "1"},
]


CASES = [
    *((number, service, None) for number in range(len(ENVIRONMENTS)) for service in SERVICES),
    *((number, "dynamodb", "http://given:9") for number in (0, 1, 7)),
]


@pytest.mark.parametrize(("number", "service", "url"), CASES)
def test_environment_is_read_as_botocore_reads_it(
    number: int, service: str, url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client of botocore in the same environment has the same endpoint."""
    environ = {"AWS_DEFAULT_REGION": "eu-west-1", **ENVIRONMENTS[number]}
    for name in [*REGION, *(name for each in ENVIRONMENTS for name in each)]:
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    session = botocore.session.Session()
    session.register_component("data_loader", LOADER)
    session.set_credentials("id", "secret")
    client: Any = session.create_client(service, endpoint_url=url)
    (operation,) = client.meta.service_model.operation_names[:1]
    asked = client.meta.service_model.operation_model(operation)
    theirs = client._ruleset_resolver.construct_endpoint(asked, {}, {}).url
    ours = endpoint_of(service, environ, url=url)
    expected = theirs.lower().rstrip("/").removesuffix(":80")
    assert f"{'https' if ours.secure else 'http'}://{ours.authority}" == expected


def test_region_is_botocores_before_lambdas() -> None:
    """botocore reads AWS_DEFAULT_REGION; in Lambda both are set and alike."""
    both = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "us-east-1"}
    assert endpoint_of("kms", both).region == "eu-west-1"
    assert endpoint_of("kms", {"AWS_REGION": "us-east-1"}).region == "us-east-1"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "No AWS region"),
        ({"AWS_REGION": "evil.example.com/"}, "AWS_REGION must be such as"),
        ({"AWS_REGION": "a" * 64}, "AWS_REGION must be such as"),
        ({**REGION, AT: "http://x", "AWS_USE_FIPS_ENDPOINT": "true"}, "AWS_USE_FIPS_ENDPOINT"),
        ({**REGION, AT: "http://x", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, "AWS_USE_DUALSTACK"),
        ({**REGION, AT: "ftp://x"}, "must be http"),
        ({**REGION, AT: "localhost:8000"}, "must be http"),
        ({**REGION, AT: "http://"}, "must be http"),
        ({**REGION, AT: "http://é.example"}, "must be http"),
        ({**REGION, AT: "http://a..b"}, "must be http"),
        ({**REGION, AT: "http://.x"}, "must be http"),
        ({**REGION, AT: f"http://{'a' * 64}.x"}, "must be http"),
        ({**REGION, AT: "http://a b"}, "must be http"),
        ({**REGION, AT: "http://a\0b"}, "must be http"),
        ({**REGION, AT: "http://x:port"}, "is malformed"),
        ({**REGION, AT: "http://[::1"}, "is malformed"),
        ({**REGION, AT: "http://x/path"}, "host and port only"),
        ({**REGION, AT: "http://x/?q"}, "host and port only"),
        ({**REGION, AT: "http://a:b@x"}, "host and port only"),
    ],
)
def test_what_cannot_be_is_refused(environ: dict[str, str], message: str) -> None:
    """A wrong endpoint is refused at the start, with what is wrong about it."""
    with pytest.raises(EndpointInvalid, match=message):
        endpoint_of("dynamodb", environ)


def test_host_header_has_the_port_unless_it_is_the_schemes() -> None:
    """The `Host` header is part of the signature."""
    assert Endpoint("x", 443, secure=True, region="r").authority == "x"
    assert Endpoint("x", 443, secure=False, region="r").authority == "x:443"
    assert Endpoint("x", 80, secure=False, region="r").authority == "x"
    assert Endpoint("::1", 8000, secure=False, region="r").authority == "[::1]:8000"
