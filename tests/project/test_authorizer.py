"""The authorizer of the template: how others find it, who may call it, and for how long."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.template import ROOT, Template
from sojourn.domain.policy import Settings
from sojourn.runtime.settings import LONGEST_TTL, EnvironmentSettings
from sojourn.sessions.authorize import OWN_SECONDS
from sojourn.sessions.authorizer_events import REALM_VARIABLE
from tools.lint_template import CFN_LINT, EXAMPLES, translate

TEMPLATE = Template.read()
EXAMPLE = ROOT / "examples/protected-api/template.yaml"
ACCOUNT = "${AWS::Region}:${AWS::AccountId}:"


def test_default_cache_fits_the_default_realm() -> None:
    """The default TTL and the authorizer's own staleness are within a realm's default setting."""
    ttl = TEMPLATE.defaults()["AuthorizerTtlSeconds"]
    assert 0 < ttl + OWN_SECONDS <= Settings().max_staleness_seconds
    tables = {"DIRECTORY_TABLE": "d", "SESSIONS_TABLE": "s"}
    assert EnvironmentSettings.of(tables).authorizer_ttl_seconds == ttl


def test_cache_is_what_a_gateway_takes() -> None:
    """The parameter takes what API Gateway and AppSync do."""
    parameter = TEMPLATE.parameters()["AuthorizerTtlSeconds"]
    assert (parameter["MinValue"], parameter["MaxValue"]) == (0, LONGEST_TTL)


@pytest.mark.parametrize(
    ("resource", "service", "source"),
    [
        ("AuthorizerForApiGateway", "apigateway", f"execute-api:{ACCOUNT}*/authorizers/*"),
        ("AuthorizerForAppSync", "appsync", f"appsync:{ACCOUNT}apis/*"),
    ],
)
def test_gateways_of_the_account_may_call(resource: str, service: str, source: str) -> None:
    """API Gateway and AppSync may call it for an API of this account and region, and no other's."""
    permission = TEMPLATE.resources("AWS::Lambda::Permission")[resource]
    assert permission == {
        "FunctionName": {"Fn::GetAtt": ["AuthorizerFunction", "Arn"]},
        "Action": "lambda:InvokeFunction",
        "Principal": f"{service}.amazonaws.com",
        "SourceArn": {"Fn::Sub": f"arn:${{AWS::Partition}}:{source}"},
    }


def test_other_stacks_find_it_by_parameters() -> None:
    """Its ARN and the TTL are in Parameter Store, by the stack's name; neither is an export."""
    found: dict[str, Any] = {
        parameter["Name"]["Fn::Sub"]: parameter["Value"]
        for parameter in TEMPLATE.resources("AWS::SSM::Parameter").values()
    }
    assert found == {
        "/${AWS::StackName}/authorizer-arn": {"Fn::GetAtt": ["AuthorizerFunction", "Arn"]},
        "/${AWS::StackName}/authorizer-ttl-seconds": {"Ref": "AuthorizerTtlSeconds"},
    }
    assert not [o for o in TEMPLATE.document["Outputs"].values() if "Export" in o]


def test_example_is_wired_as_the_document_says() -> None:
    """The example caches by the token, for the stack's own TTL, and names its realm."""
    example = Template.read(EXAMPLE)
    store = {p["Name"]["Fn::Sub"] for p in TEMPLATE.resources("AWS::SSM::Parameter").values()}
    assert EXAMPLE in EXAMPLES
    assert {
        parameter["Default"].replace("/sojourn/", "/${AWS::StackName}/")
        for parameter in example.parameters().values()
        if parameter["Type"] == "AWS::SSM::Parameter::Value<String>"
    } == store
    (api,) = example.resources("AWS::Serverless::HttpApi").values()
    assert api["StageVariables"] == {REALM_VARIABLE: {"Ref": "RealmId"}}
    assert api["Auth"]["DefaultAuthorizer"] == "Sojourn"
    assert api["Auth"]["Authorizers"]["Sojourn"] == {
        "FunctionArn": {"Ref": "AuthorizerArn"},
        "AuthorizerPayloadFormatVersion": "2.0",
        "EnableSimpleResponses": True,
        "EnableFunctionDefaultPermissions": False,
        "Identity": {
            "Headers": ["Authorization"],
            "ReauthorizeEvery": {"Ref": "AuthorizerTtlSeconds"},
        },
    }


def test_example_is_what_sam_makes_of_it(tmp_path: Path) -> None:
    """SAM's translation of the example is linted, and has the authorizer on its routes."""
    given = {
        "RealmId": "rl_" + "1" * 22,
        "AuthorizerArn": "/sojourn/authorizer-arn",
        "AuthorizerTtlSeconds": "/sojourn/authorizer-ttl-seconds",
    }
    found = translate(EXAMPLE.read_text(), **given)
    path = tmp_path / "translated.json"
    path.write_text(json.dumps(found, default=str))
    linted = subprocess.run([CFN_LINT, str(path)], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout
    body = found["Resources"]["Api"]["Properties"]["Body"]
    (scheme,) = body["components"]["securitySchemes"].values()
    made = scheme["x-amazon-apigateway-authorizer"]
    assert made["identitySource"] == ["$request.header.Authorization"]
    assert (made["authorizerPayloadFormatVersion"], made["enableSimpleResponses"]) == ("2.0", True)
    guarded = {(p, m): at[m]["security"] for p, at in body["paths"].items() for m in at}
    assert guarded == {
        ("/who", "get"): [{"Sojourn": []}],
        ("/who", "post"): [{"Sojourn": []}],
        ("/health", "get"): [{"NONE": []}],
    }
