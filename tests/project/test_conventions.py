"""The template follows each convention, and each rule finds a template that does not."""

from collections.abc import Callable
from typing import Final

import pytest

from local.template import ROOT
from tests.project import alarms, conventions, naming, tables
from tests.project.conventions import RULES, Findings, Written

HERE = Written.here()
OPERATIONS = (ROOT / "docs/operations.md").read_text()


def has_a_heading(written: Written) -> Findings:
    """`each_alarm_has_its_heading`, in the project's own document."""
    return alarms.each_alarm_has_its_heading(written, OPERATIONS)


HELD: Final = (
    *RULES,
    *naming.RULES,
    tables.everything_follows_the_table,
    alarms.each_alarm_reads_what_aws_has,
    has_a_heading,
)
Rule = Callable[[Written], Findings]

KEY_IS_KEPT = "    Type: AWS::KMS::Key\n    DeletionPolicy: RetainExceptOnCreate\n"
ERRORS_OF_LOGIN = """              MetricName: Errors
              Dimensions:
                - Name: FunctionName
                  Value: !Ref LoginFunction
"""

# What is wrong: the rule that finds it, what of the template is replaced, and by what.
BROKEN: Final[dict[str, tuple[Rule, str, str]]] = {
    "two functions, one role": (
        conventions.each_function_has_a_role,
        "Role: !GetAtt ValidateRole.Arn",
        "Role: !GetAtt LoginRole.Arn",
    ),
    "a role that SAM makes": (
        conventions.each_function_has_a_role,
        "      Role: !GetAtt RotateRole.Arn\n",
        "",
    ),
    "a schedule with a function's role": (
        conventions.each_function_has_a_role,
        "RoleArn: !GetAtt CleanupScheduleRole.Arn",
        "RoleArn: !GetAtt CleanupRole.Arn",
    ),
    "logs that Lambda makes": (
        conventions.each_function_has_logs,
        "      LoggingConfig:\n        LogGroup: !Ref DirectoryLogs\n",
        "",
    ),
    "two functions, one log": (
        conventions.each_function_has_logs,
        "LogGroup: !Ref ValidateLogs",
        "LogGroup: !Ref LoginLogs",
    ),
    "logs kept for ever": (
        conventions.each_function_has_logs,
        "${AWS::StackName}-rotate\n      RetentionInDays: !Ref LogRetentionDays\n",
        "${AWS::StackName}-rotate\n",
    ),
    "an access log of nobody": (
        conventions.each_function_has_logs,
        "DestinationArn: !GetAtt ApiLogs.Arn",
        "DestinationArn: arn:aws:logs:eu-west-1:123456789012:log-group:other",
    ),
    "every action of a service": (
        conventions.each_wildcard_has_a_reason,
        "Action: kms:Decrypt",
        "Action: kms:* # for a very good reason",
    ),
    "every action of a kind": (
        conventions.each_wildcard_has_a_reason,
        "                  - dynamodb:GetItem\n",
        "                  - dynamodb:Get*\n",
    ),
    "every resource, and no word of why": (
        conventions.each_wildcard_has_a_reason,
        "              # X-Ray takes no resource, so a wildcard is all there is\n",
        "",
    ),
    "every table": (
        conventions.each_wildcard_has_a_reason,
        "              # What is due is found by the index\n"
        "              - Effect: Allow\n"
        "                Action:\n"
        "                  - dynamodb:Query\n"
        "                Resource: !If\n",
        "              - Effect: Allow\n"
        "                Action:\n"
        "                  - dynamodb:Query\n"
        "                Resource: !If\n                  - OwnsSessionsTable\n"
        "                  - !Sub arn:${AWS::Partition}:dynamodb:*:*:table/*\n",
    ),
    "every resource but one": (
        conventions.each_wildcard_has_a_reason,
        "Resource: !GetAtt LoginLogs.Arn",
        "NotResource: !GetAtt DirectoryTable.Arn",
    ),
    "a key for anybody": (
        conventions.each_wildcard_has_a_reason,
        "AWS: !Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:root",
        "AWS: '*'",
    ),
    "no throttle for logins": (
        conventions.each_route_is_throttled,
        "      RouteSettings:\n        POST /v1/login:\n",
        "      RouteSettings:\n        POST /v1/sessions:\n",
    ),
    "no throttle for the others": (
        conventions.each_route_is_throttled,
        "        ThrottlingRateLimit: !Ref ThrottleRate\n",
        "",
    ),
    "as many logins as all else": (
        conventions.each_route_is_throttled,
        "    Default: 50\n",
        "    Default: 500\n",
    ),
    "as many that wait as all else": (
        conventions.each_route_is_throttled,
        "    Default: 2\n",
        "    Default: 500\n",
    ),
    "a parameter that changes nothing": (
        conventions.each_parameter_is_used,
        "RetentionInDays: !Ref LogRetentionDays",
        "RetentionInDays: 30",
    ),
    "a secret as a text": (
        conventions.no_secret_is_in_an_environment,
        "LOG_LEVEL: !Ref LogLevel",
        "LOG_LEVEL: '{{resolve:secretsmanager:sojourn}}'",
    ),
    "a secret as a parameter": (
        conventions.no_secret_is_in_an_environment,
        "  PublicUrl:\n    Type: String\n",
        "  PublicUrl:\n    Type: String\n    NoEcho: true\n",
    ),
    "a variable for a secret": (
        conventions.no_secret_is_in_an_environment,
        "          PUBLIC_URL: !Ref PublicUrl\n",
        "          PUBLIC_URL: !Ref PublicUrl\n          API_TOKEN: !Ref PublicUrl\n",
    ),
    "another's name in logs and metrics": (
        conventions.no_secret_is_in_an_environment,
        "POWERTOOLS_SERVICE_NAME: !Sub ${AWS::StackName}-validate",
        "POWERTOOLS_SERVICE_NAME: !Sub ${AWS::StackName}-login",
    ),
    "one name in the metrics of every stack": (
        conventions.no_secret_is_in_an_environment,
        "POWERTOOLS_SERVICE_NAME: !Sub ${AWS::StackName}-validate",
        "POWERTOOLS_SERVICE_NAME: sojourn-validate",
    ),
    "a function that is not traced": (
        conventions.each_function_is_traced,
        "      Handler: app.handler\n",
        "      Handler: app.handler\n      Tracing: PassThrough\n",
    ),
    "a function that outlives the gateway": (
        conventions.each_answer_is_in_time,
        "      Timeout: 27 #",
        "      Timeout: 28 #",
    ),
    "a function that dies before its deadline": (
        conventions.each_answer_is_in_time,
        "      Timeout: 27 #",
        "      Timeout: 20 #",
    ),
    "a login that signs when its key may be gone": (
        conventions.each_answer_is_in_time,
        "      MemorySize: 1024\n      Timeout: 20\n",
        "      MemorySize: 1024\n      Timeout: 21\n",
    ),
    "an authorizer that outlives its gateway": (
        conventions.each_answer_is_in_time,
        "      Timeout: 9 #",
        "      Timeout: 11 #",
    ),
    "an authorizer that dies before its deadline": (
        conventions.each_answer_is_in_time,
        "      Timeout: 9 #",
        "      Timeout: 8 #",
    ),
    "a run that has no time to work": (
        conventions.each_answer_is_in_time,
        "      Timeout: 300\n",
        "      Timeout: 20\n",
    ),
    "a table that goes with the stack": (
        conventions.what_is_stored_is_kept,
        "    DeletionPolicy: RetainExceptOnCreate\n    UpdateReplacePolicy: Retain\n",
        "    UpdateReplacePolicy: Retain\n",
    ),
    "a table that a failed first deployment leaves": (
        conventions.what_is_stored_is_kept,
        "    DeletionPolicy: RetainExceptOnCreate\n",
        "    DeletionPolicy: Retain\n",
    ),
    "a key that goes when it is replaced": (
        conventions.what_is_stored_is_kept,
        f"{KEY_IS_KEPT}    UpdateReplacePolicy: Retain\n",
        f"{KEY_IS_KEPT}    UpdateReplacePolicy: Delete\n",
    ),
    "a layer that every stack shares": (
        naming.each_name_is_the_stacks,
        "      LayerName: !Sub ${AWS::StackName}-core\n",
        "",
    ),
    "a log group that every stack shares": (
        naming.each_name_is_the_stacks,
        "LogGroupName: !Sub /aws/lambda/${AWS::StackName}-rotate",
        "LogGroupName: /aws/lambda/sojourn-rotate",
    ),
    "an authorizer that every stack shares": (
        naming.each_name_is_the_stacks,
        "Name: !Sub /${AWS::StackName}/authorizer-arn",
        "Name: /sojourn/authorizer-arn",
    ),
    "a schedule in the account's own group": (
        naming.each_schedule_is_in_the_stacks_group,
        "            GroupName: !Ref SchedulesGroup\n",
        "",
    ),
    "an access log that needs a log policy": (
        naming.the_access_log_needs_no_policy,
        "/aws/vendedlogs/apigateway/",
        "/aws/apigateway/",
    ),
    "a key that has an id alone": (
        naming.each_key_has_an_alias,
        "      TargetKeyId: !Ref SigningKeysKey\n",
        "      TargetKeyId: !Ref CorsOrigins\n",
    ),
    "an issuer of the API's own address": (
        conventions.nothing_is_circular,
        "          PUBLIC_URL: !Ref PublicUrl\n",
        "          PUBLIC_URL: !Sub https://${Api}.execute-api.${AWS::Region}.amazonaws.com\n",
    ),
    "a key that waits for a role that waits for it": (
        conventions.nothing_is_circular,
        "    Type: AWS::KMS::Key\n",
        "    Type: AWS::KMS::Key\n    DependsOn: LoginRole\n",
    ),
    "an output of what is not there": (
        conventions.every_reference_leads_somewhere,
        "    Value: !If [OwnsAttemptsTable, !Ref AttemptsTable, ",
        "    Value: !If [OwnsAttemptsTable, !Ref TriesTable, ",
    ),
    "an attribute that no table has": (
        conventions.every_reference_leads_somewhere,
        "- !Sub ${SessionsTable.Arn}/index/due",
        "- !Sub ${SessionsTable.IndexArn}/due",
    ),
    "a table that is made beside a given one": (
        tables.everything_follows_the_table,
        "    Condition: OwnsSessionsTable\n",
        "",
    ),
    "a role for the stack's own table alone": (
        tables.everything_follows_the_table,
        "                Resource: !If\n"
        "                  - OwnsAttemptsTable\n"
        "                  - !GetAtt AttemptsTable.Arn\n"
        "                  - !Sub arn:${AWS::Partition}:dynamodb:${AWS::Region}:"
        "${AWS::AccountId}:table/${ExistingAttemptsTable}\n",
        "                Resource: !GetAtt AttemptsTable.Arn\n",
    ),
    "a variable with another table's name": (
        tables.everything_follows_the_table,
        "SESSIONS_TABLE: !If [OwnsSessionsTable, !Ref SessionsTable, !Ref ExistingSessionsTable]",
        "SESSIONS_TABLE: !If [OwnsSessionsTable, !Ref SessionsTable, !Ref ExistingAttemptsTable]",
    ),
    "an alarm on the stack's own table alone": (
        tables.everything_follows_the_table,
        "Value: !If [OwnsDirectoryTable, !Ref DirectoryTable, !Ref ExistingDirectoryTable]",
        "Value: !Ref DirectoryTable",
    ),
    "an alarm on a metric that Lambda has not": (
        alarms.each_alarm_reads_what_aws_has,
        ERRORS_OF_LOGIN,
        ERRORS_OF_LOGIN.replace("Errors", "Failures"),
    ),
    "an alarm by a dimension that Lambda has not": (
        alarms.each_alarm_reads_what_aws_has,
        ERRORS_OF_LOGIN,
        ERRORS_OF_LOGIN.replace("FunctionName", "Function"),
    ),
    "an alarm on a table as a function": (
        alarms.each_alarm_reads_what_aws_has,
        ERRORS_OF_LOGIN,
        ERRORS_OF_LOGIN.replace("LoginFunction", "SessionsTable"),
    ),
    "an alarm on an index that is not there": (
        alarms.each_alarm_reads_what_aws_has,
        "                  Value: due\n",
        "                  Value: overdue\n",
    ),
    "an alarm of which nothing is said": (
        has_a_heading,
        "  RotationFailingAlarm:\n",
        "  RotationBrokenAlarm:\n",
    ),
}


def broken(name: str) -> Written:
    """The template with one thing wrong, wherever it is."""
    _, before, after = BROKEN[name]
    assert before in HERE.text
    return Written(HERE.text.replace(before, after))


@pytest.mark.parametrize("rule", HELD, ids=lambda rule: rule.__name__)
def test_template_keeps(rule: Rule) -> None:
    """The template breaks none of its conventions."""
    assert list(rule(HERE)) == []


@pytest.mark.parametrize("name", BROKEN)
def test_rule_finds(name: str) -> None:
    """A template with this one thing wrong breaks the convention that is about it."""
    assert list(BROKEN[name][0](broken(name))) != []


def test_every_rule_has_found_something() -> None:
    """No convention is held that nothing is known to break."""
    assert {rule for rule, _, _ in BROKEN.values()} == {*HELD}
