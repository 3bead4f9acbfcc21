"""The authorizer of the template: how others find it, who may call it, and for how long."""

from typing import Any

import pytest

from local.template import Template
from sojourn.domain.policy import Settings
from sojourn.runtime.settings import LONGEST_TTL, EnvironmentSettings
from sojourn.sessions.authorize import OWN_SECONDS

TEMPLATE = Template.read()
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
