"""The example templates of a trusted edge do what docs/operations.md says."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.template import ROOT, Template
from sojourn.api import edge
from tools.lint_template import CFN_LINT, EXAMPLES

EDGE = Template.read(ROOT / "examples/edge/template.yaml")
DOMAIN = Template.read(ROOT / "examples/edge/domain.yaml")
OPERATIONS = (ROOT / "docs/operations.md").read_text()
(DISTRIBUTION,) = EDGE.resources("AWS::CloudFront::Distribution").values()
CONFIG = DISTRIBUTION["DistributionConfig"]
(ACL,) = EDGE.resources("AWS::WAFv2::WebACL").values()
POLICY = "4135ea2d-6ad8-44b3-9df3-4b5a84be39ad"
"""AWS's managed cache policy CachingDisabled."""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_example_is_linted(path: Path) -> None:
    """cfn-lint finds nothing in a template of the examples."""
    found = subprocess.run([CFN_LINT, str(path)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_examples_are_there() -> None:
    """The two templates that the document names are among those that are linted."""
    names = [path.name for path in EXAMPLES if path.parent.name == "edge"]
    assert names == ["domain.yaml", "template.yaml"]


def test_edge_proves_itself() -> None:
    """CloudFront sends the header that Sojourn looks for, from Secrets Manager, and https alone."""
    (origin,) = CONFIG["Origins"]
    (header,) = origin["OriginCustomHeaders"]
    assert header["HeaderName"].lower() == edge.SECRET
    secret = "{{resolve:secretsmanager:${SecretName}:SecretString}}"
    assert header["HeaderValue"] == {"Fn::Sub": secret}
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"


def behaviours() -> list[dict[str, Any]]:
    """Every cache behaviour, the default one first."""
    return [CONFIG["DefaultCacheBehavior"], *CONFIG["CacheBehaviors"]]


def test_viewers_headers_go_through() -> None:
    """Every header of the viewer is forwarded, and the address is CloudFront's own to set."""
    (policy,) = EDGE.resources("AWS::CloudFront::OriginRequestPolicy").values()
    headers = policy["OriginRequestPolicyConfig"]["HeadersConfig"]
    assert headers["HeaderBehavior"] == "allViewerAndWhitelistCloudFront"
    assert [name.lower() for name in headers["Headers"]] == [edge.ADDRESS]
    for behaviour in behaviours():
        assert behaviour["OriginRequestPolicyId"] == {"Ref": "AsTheViewerSent"}
        assert behaviour["ViewerProtocolPolicy"] == "https-only"


def test_host_is_the_apis_own() -> None:
    """The viewer's Host is a domain of the API's, or API Gateway would refuse it."""
    (domain,) = DOMAIN.resources("AWS::ApiGatewayV2::DomainName").values()
    assert domain["DomainName"] == CONFIG["Aliases"][0] == {"Ref": "DomainName"}
    assert CONFIG["Origins"][0]["DomainName"] == {"Ref": "OriginDomainName"}
    assert DOMAIN.document["Outputs"].keys() == {"OriginDomainName"}


def test_only_public_documents_are_cached() -> None:
    """Only a realm's public documents may be cached, and no errors."""
    default, *others = behaviours()
    assert default["CachePolicyId"] == POLICY
    public = {"/v1/realms/*/.well-known/*", "/.well-known/oauth-authorization-server/*"}
    assert {other["PathPattern"] for other in others} == public
    kept = {
        error["ErrorCode"]: error["ErrorCachingMinTTL"] for error in CONFIG["CustomErrorResponses"]
    }
    assert kept == dict.fromkeys((400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504), 0)


def test_waf_samples_nothing() -> None:
    """No request is sampled, for a sample has headers, and a login token is in one."""
    visible = [ACL["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in ACL["Rules"])]
    assert {one["SampledRequestsEnabled"] for one in visible} == {False}


def test_waf_limits_each_address() -> None:
    """One address is limited in its requests, and more so in its logins, and asked to wait."""
    limits = {}
    for rule in ACL["Rules"]:
        if "RateBasedStatement" in rule["Statement"]:
            statement = rule["Statement"]["RateBasedStatement"]
            assert statement["AggregateKeyType"] == "IP"
            assert rule["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
            limits[rule["Name"]] = EDGE.defaults()[statement["Limit"]["Ref"]]
    assert limits["logins-by-address"] < limits["requests-by-address"]
    assert CONFIG["WebACLId"] == {"Fn::GetAtt": ["WebAcl", "Arn"]}


@pytest.mark.parametrize("name", ["SecretName", "EdgeSecretSha256", "ApiId", "X-Sojourn-Edge"])
def test_document_names_what_there_is(name: str) -> None:
    """The steps of the operations document name parameters and outputs that exist."""
    assert name in OPERATIONS
    stack = Template.read().document
    known = {*stack["Parameters"], *stack["Outputs"], *EDGE.document["Parameters"]}
    assert name in known or name.lower() == edge.SECRET
