"""The policy evaluator agrees with AWS's own documented examples.

Each test names its page: of the IAM User Guide (IAM), the DynamoDB Developer Guide (DynamoDB) or
the KMS Developer Guide (KMS).
"""

from collections.abc import Mapping
from typing import Any

import pytest

from provers.roles.policy import Request, Statement, Unsupported, allows, applies

TABLE = "arn:aws:dynamodb:us-west-2:123456789012:table/GameScores"
INDEX = f"{TABLE}/index/TopScoreDateTimeIndex"


def under(condition: Mapping[str, Any], **context: Any) -> bool:
    """Whether an allowing statement with a condition is about a request with such a context."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    keys = {key.replace("_", ":", 1): tuple(values) for key, values in context.items()}
    return applies(statement, Request("iam:TagUser", "*", keys))


CARLOS: list[Statement] = [
    {
        "Sid": "AllowS3ListRead",
        "Effect": "Allow",
        "Action": ["s3:GetBucketLocation", "s3:ListAllMyBuckets"],
        "Resource": "arn:aws:s3:::*",
    },
    {
        "Sid": "AllowS3Self",
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::carlossalazar/*", "arn:aws:s3:::carlossalazar"],
    },
    {"Sid": "DenyS3Logs", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::*log*"},
]


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:PutObject", "arn:aws:s3:::carlossalazar/photo.jpg", True),
        ("s3:listallmybuckets", "arn:aws:s3:::zhangwei", True),
        ("s3:PutObject", "arn:aws:s3:::carlossalazar/logs/today", False),
        ("s3:PutObject", "arn:aws:s3:::carlossalazar-logs", False),
        ("s3:PutObject", "arn:aws:s3:::zhangwei/photo.jpg", False),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::zhangwei", True),
        ("iam:PassRole", "arn:aws:s3:::carlossalazar", False),
    ],
)
def test_explicit_deny_wins_and_silence_denies(action: str, resource: str, allowed: bool) -> None:
    """IAM, "Policy evaluation for requests within a single account": Carlos and his logs."""
    assert allows(CARLOS, Request(action, resource)) is allowed


def test_not_action() -> None:
    """IAM, "JSON policy elements: NotAction": all but what is named, which nothing denies yet."""
    statement = {"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "arn:aws:s3:::*"}
    assert allows([statement], Request("s3:ListBucket", "arn:aws:s3:::one"))
    assert not allows([statement], Request("s3:DeleteBucket", "arn:aws:s3:::one"))


@pytest.mark.parametrize(
    ("action", "mfa", "denied"),
    [
        ("s3:GetObject", ("false",), True),
        ("s3:GetObject", ("true",), False),
        ("s3:GetObject", (), True),
        ("iam:ListUsers", ("false",), False),
    ],
)
def test_not_action_with_deny(action: str, mfa: tuple[str, ...], denied: bool) -> None:
    """IAM, "JSON policy elements: NotAction": without MFA, or word of it, all but IAM is denied."""
    statement = {
        "Effect": "Deny",
        "NotAction": "iam:*",
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
    context = {"aws:MultiFactorAuthPresent": mfa} if mfa else {}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    asked = Request(action, "arn:aws:s3:::one", context)
    assert allows([everything, statement], asked) is not denied


@pytest.mark.parametrize(
    ("resource", "denied"),
    [("HRBucket/Payroll", False), ("HRBucket/Payroll/may", False), ("HRBucket/plan", True)],
)
def test_not_resource(resource: str, denied: bool) -> None:
    """IAM, "JSON policy elements: NotResource": the payroll is what this does not deny."""
    statement = {
        "Effect": "Deny",
        "Action": "s3:*",
        "NotResource": ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"],
    }
    assert applies(statement, Request("s3:GetObject", f"arn:aws:s3:::{resource}")) is denied


NOT_LIKE_KEY1 = {"ForAllValues:StringNotLike": {"aws:TagKeys": "key1*"}}
NOT_LIKE_EITHER = {"ForAllValues:StringNotLike": {"aws:TagKeys": ["key1*", "key2*"]}}
WEBSERVER = {"ForAnyValue:StringEquals": {"aws:TagKeys": "webserver"}}
LIKE_THREE = {
    "Null": {"aws:TagKeys": "false"},
    "ForAllValues:StringLike": {"aws:TagKeys": ["key1*", "key2*", "key3*"]},
}


@pytest.mark.parametrize(
    ("condition", "keys", "match"),
    [
        (NOT_LIKE_KEY1, ["key1:legal"], False),
        (NOT_LIKE_KEY1, ["key1:hr", "key1:personnel"], False),
        (NOT_LIKE_KEY1, ["key2:audit"], True),
        (NOT_LIKE_KEY1, [], True),
        (NOT_LIKE_EITHER, ["key1:legal"], False),
        (NOT_LIKE_EITHER, ["key1:hr", "key1:personnel"], False),
        (NOT_LIKE_EITHER, ["key1:hr", "key2:audit"], False),
        (NOT_LIKE_EITHER, ["key3:legal"], True),
        (NOT_LIKE_EITHER, [], True),
        (WEBSERVER, ["webserver"], True),
        (WEBSERVER, ["environment", "webserver", "test"], True),
        (WEBSERVER, ["environment", "test"], False),
        (WEBSERVER, [], False),
        (LIKE_THREE, ["key1:a", "key3:b"], True),
        (LIKE_THREE, ["key1:a", "key4:b"], False),
        (LIKE_THREE, [], False),
        (LIKE_THREE, [""], False),
    ],
)
def test_multivalued_keys(condition: Mapping[str, Any], keys: list[str], match: bool) -> None:
    """IAM, "Multivalued context key examples": every row of its tables, and no key."""
    assert under(condition, aws_TagKeys=keys) is match


ATTRIBUTES = ["PostDateTime", "Message", "Tags"]


@pytest.mark.parametrize(
    ("operator", "wanted", "asked", "match"),
    [
        ("ForAllValues:StringLike", ATTRIBUTES, ["PostDateTime", "Message"], True),
        ("ForAllValues:StringLike", ATTRIBUTES, ["PostDateTime", "Message", "ID"], False),
        ("ForAllValues:StringLike", ATTRIBUTES, ["PostDateTime", "UserName"], False),
        ("ForAllValues:StringLike", ATTRIBUTES, [], True),
        ("ForAllValues:StringLike", ATTRIBUTES, [""], True),
        ("ForAnyValue:StringLike", ["ID", "PostDateTime"], ["PostDateTime", "Message"], True),
        ("ForAnyValue:StringLike", ["ID", "PostDateTime"], ["UserName"], False),
        ("ForAnyValue:StringLike", ["ID", "PostDateTime"], [], False),
        ("ForAnyValue:StringLike", ["ID", "PostDateTime"], [""], False),
    ],
)
def test_sets_of_attributes(
    operator: str, wanted: list[str], asked: list[str], match: bool
) -> None:
    """IAM, "Creating a condition that tests multiple key values": the table Thread."""
    assert under({operator: {"dynamodb:attributes": wanted}}, dynamodb_attributes=asked) is match


@pytest.mark.parametrize(
    ("operator", "value", "match"),
    [
        ("StringEquals", "john", True),
        ("StringEquals", "John", False),
        ("StringEqualsIgnoreCase", "John", True),
        ("StringNotEquals", "John", True),
        ("StringNotEqualsIgnoreCase", "John", False),
        ("StringLike", "john", True),
        ("StringNotLike", "john", False),
    ],
)
def test_string_operators(operator: str, value: str, match: bool) -> None:
    """IAM, "JSON policy elements: Condition": john and John; names of keys take any case."""
    assert under({operator: {"AWS:Username": "john"}}, aws_username=[value]) is match


@pytest.mark.parametrize(
    ("operator", "match"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("ArnLike", False),
        ("Bool", False),
        ("StringNotEquals", True),
        ("StringNotLike", True),
        ("ArnNotLike", True),
        ("StringLikeIfExists", True),
        ("StringNotEqualsIfExists", True),
    ],
)
def test_absent_key(operator: str, match: bool) -> None:
    """IAM, "Condition operators": what is not there does not match, and is not matched."""
    assert under({operator: {"ec2:InstanceType": "a:b:c:d:e:f"}}) is match


def test_if_exists() -> None:
    """IAM, "Condition operators", IfExists: an instance of the type, and what has no type."""
    condition = {"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}}
    assert under(condition, ec2_InstanceType=["t2.micro"])
    assert not under(condition, ec2_InstanceType=["m4.large"])
    assert under(condition)


def test_null() -> None:
    """IAM, "Condition operators", Null: true for no temporary credentials, false for some."""
    assert under({"Null": {"aws:TokenIssueTime": "true"}})
    assert not under({"Null": {"aws:TokenIssueTime": "true"}}, aws_TokenIssueTime=["now"])
    assert under({"Null": {"aws:TokenIssueTime": "false"}}, aws_TokenIssueTime=["now"])
    assert not under({"Null": {"aws:TokenIssueTime": "false"}})


def test_arns_are_compared_by_their_parts() -> None:
    """IAM, "Condition operators", ARN: a star stays between colons where StringLike's does not."""
    pattern = "arn:aws:someservice:*:111122223333:finance/*"
    value = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
    assert under({"StringLike": {"aws:SourceArn": pattern}}, aws_SourceArn=[value])
    assert not under({"ArnLike": {"aws:SourceArn": pattern}}, aws_SourceArn=[value])
    assert under({"ArnNotLike": {"aws:SourceArn": pattern}}, aws_SourceArn=[value])
    own = "arn:aws:someservice:us-east-2:111122223333:finance/document.txt"
    assert under({"ArnEquals": {"aws:SourceArn": pattern}}, aws_SourceArn=[own])


@pytest.mark.parametrize(
    ("prefix", "match"),
    [("", True), ("home/", True), ("home/ada/", True), ("home/bob/", False), ("home/*/", False)],
)
def test_policy_variable(prefix: str, match: bool) -> None:
    """IAM, "Condition operators", String: one's own home directory in a bucket."""
    condition = {"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/"]}}
    assert under(condition, s3_prefix=[prefix], aws_username=["ada"]) is match
    resource = "arn:aws:s3:::BUCKET-NAME/home/${aws:username}/*"
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": resource}
    own = "arn:aws:s3:::BUCKET-NAME/home/ada/x"
    assert applies(statement, Request("s3:GetObject", own, {"aws:username": ("ada",)}))
    assert not applies(statement, Request("s3:GetObject", own, {"aws:username": ("bob",)}))
    assert not applies(statement, Request("s3:GetObject", own))


def dynamodb(action: str, resource: str = TABLE, **keys: Any) -> Request:
    """A request to DynamoDB; a key given as text has that one value."""
    context = {
        f"dynamodb:{key}": (values,) if isinstance(values, str) else tuple(values)
        for key, values in keys.items()
    }
    return Request(f"dynamodb:{action}", resource, context | {"www.amazon.com:user_id": ("ada",)})


OWN_ITEMS = {
    "Effect": "Allow",
    "Action": ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem"],
    "Resource": [TABLE],
    "Condition": {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${www.amazon.com:user_id}"]}
    },
}


@pytest.mark.parametrize(
    ("request_", "allowed"),
    [
        (dynamodb("PutItem", LeadingKeys=["ada"]), True),
        (dynamodb("PutItem", LeadingKeys=["bob"]), False),
        (dynamodb("BatchGetItem", LeadingKeys=["ada", "bob"]), False),
        (dynamodb("DeleteItem", LeadingKeys=["ada"]), False),
        (dynamodb("GetItem", INDEX, LeadingKeys=["ada"]), False),
        (dynamodb("GetItem", f"{TABLE}2", LeadingKeys=["ada"]), False),
    ],
)
def test_leading_keys(request_: Request, allowed: bool) -> None:
    """DynamoDB, "Using IAM policy conditions", example 1: the user's own items."""
    assert allows([OWN_ITEMS], request_) is allowed


SOME_ATTRIBUTES = {
    "Effect": "Allow",
    "Action": ["dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:Query"],
    "Resource": [TABLE],
    "Condition": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["UserId", "TopScore"]},
        "StringEqualsIfExists": {
            "dynamodb:Select": "SPECIFIC_ATTRIBUTES",
            "dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"],
        },
    },
}


@pytest.mark.parametrize(
    ("request_", "allowed"),
    [
        (dynamodb("UpdateItem", Attributes=["UserId", "TopScore"], ReturnValues="NONE"), True),
        (dynamodb("UpdateItem", Attributes=["TopScore"], ReturnValues="UPDATED_NEW"), True),
        (dynamodb("UpdateItem", Attributes=["TopScore"], ReturnValues="ALL_OLD"), False),
        (dynamodb("UpdateItem", Attributes=["UserId", "Wins"], ReturnValues="NONE"), False),
        (dynamodb("GetItem", Attributes=["TopScore"], Select="SPECIFIC_ATTRIBUTES"), True),
        (dynamodb("GetItem", Attributes=[], Select="ALL_ATTRIBUTES"), False),
    ],
)
def test_attributes(request_: Request, allowed: bool) -> None:
    """DynamoDB, "Using IAM policy conditions", example 2: two attributes, and no item whole."""
    assert allows([SOME_ATTRIBUTES], request_) is allowed


@pytest.mark.parametrize(
    ("attributes", "returned", "allowed"),
    [
        (["UserId", "Wins"], "NONE", True),
        (["UserId", "BossLevelUnlocked"], "NONE", False),
        (["UserId", "Wins"], "ALL_NEW", False),
    ],
)
def test_attributes_that_may_not_change(
    attributes: list[str], returned: str, allowed: bool
) -> None:
    """DynamoDB, "Using IAM policy conditions", example 3: all but two attributes."""
    statement = {
        "Effect": "Allow",
        "Action": ["dynamodb:UpdateItem"],
        "Resource": TABLE,
        "Condition": {
            "ForAllValues:StringNotLike": {
                "dynamodb:Attributes": ["FreeGamesAvailable", "BossLevelUnlocked"]
            },
            "StringEquals": {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]},
        },
    }
    asked = dynamodb("UpdateItem", Attributes=attributes, ReturnValues=returned)
    assert allows([statement], asked) is allowed


@pytest.mark.parametrize(
    ("resource", "selected", "allowed"),
    [
        (INDEX, "ALL_PROJECTED_ATTRIBUTES", True),
        (INDEX, "ALL_ATTRIBUTES", False),
        (TABLE, "ALL_PROJECTED_ATTRIBUTES", False),
    ],
)
def test_index_is_a_resource_of_its_own(resource: str, selected: str, allowed: bool) -> None:
    """DynamoDB, "Using IAM policy conditions", example 4: an index's attributes alone."""
    statement = {
        "Effect": "Allow",
        "Action": ["dynamodb:Query"],
        "Resource": [INDEX],
        "Condition": {"StringEquals": {"dynamodb:Select": "ALL_PROJECTED_ATTRIBUTES"}},
    }
    assert allows([statement], dynamodb("Query", resource, Select=selected)) is allowed


@pytest.mark.parametrize(
    ("enclosing", "allowed"), [(["TransactWriteItems"], True), (["Other"], False), ([], False)]
)
def test_transactions_alone(enclosing: list[str], allowed: bool) -> None:
    """DynamoDB, "Using IAM with DynamoDB transactions", example 2: no write by itself."""
    wanted = ["TransactWriteItems", "TransactGetItems"]
    statement = {
        "Effect": "Allow",
        "Action": ["dynamodb:ConditionCheckItem", "dynamodb:PutItem"],
        "Resource": ["arn:aws:dynamodb:*:*:table/table04"],
        "Condition": {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": wanted}},
    }
    table = "arn:aws:dynamodb:us-west-2:123456789012:table/table04"
    asked = dynamodb("PutItem", table, EnclosingOperation=enclosing)
    assert allows([statement], asked) is allowed


@pytest.mark.parametrize(
    ("names", "allowed"),
    [(["AppName"], True), (["AppName", "FilePath"], True), (["Appname"], False), ([], False)],
)
def test_encryption_context_keys(names: list[str], allowed: bool) -> None:
    """KMS, "kms:EncryptionContextKeys": a context that has the name, in that case."""
    statement = {
        "Effect": "Allow",
        "Action": "kms:GenerateDataKey*",
        "Resource": "*",
        "Condition": {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "AppName"}},
    }
    context = {"kms:EncryptionContextKeys": tuple(names)}
    key = "arn:aws:kms:us-west-2:111122223333:key/1234"
    assert allows([statement], Request("kms:GenerateDataKey", key, context)) is allowed


@pytest.mark.parametrize(
    "condition",
    [
        {"NumericLessThan": {"s3:max-keys": "10"}},
        {"StringMatches": {"aws:username": "john"}},
        {"BoolNot": {"aws:SecureTransport": "true"}},
        {"ForSomeValues:StringEquals": {"aws:TagKeys": "a"}},
        {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}},
        {"StringEquals": {"aws:TagKeys": "a"}},
        {"Null": {"aws:TagKeys": "maybe"}},
        {"StringEquals": {"aws:username": "${aws:username, 'nobody'}"}},
        {"ArnLike": {"aws:username": "not an arn"}},
    ],
)
def test_what_is_not_known_is_an_error(condition: Mapping[str, Any]) -> None:
    """An unknown operator is never taken for true or for false, nor is what AWS leaves open."""
    with pytest.raises(Unsupported):
        under(condition, **{"aws_TagKeys": ["a", "b"], "aws_username": ["x"], "s3_max-keys": ["5"]})


@pytest.mark.parametrize(
    "change",
    [{"Principal": "*"}, {"NotResource": "*"}, {"Action": None}, {"Effect": "Maybe"}],
)
def test_statement_of_another_shape_is_an_error(change: dict[str, Any]) -> None:
    """A statement with an element that is not known, missing or twice there is an error."""
    whole = {"Effect": "Allow", "Action": "*", "Resource": "*"} | change
    statement = {name: value for name, value in whole.items() if value is not None}
    with pytest.raises(Unsupported):
        applies(statement, Request("s3:GetObject", "*"))
