"""The names of the stack's resources: two stacks of one account and region share none."""

from typing import Final

from tests.project.conventions import Findings, Written
from tests.project.references import references

NAMES: Final = {
    "AWS::KMS::Alias": ("AliasName",),
    "AWS::Lambda::Function": ("FunctionName",),
    "AWS::Lambda::LayerVersion": ("LayerName",),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::IAM::Role": ("RoleName",),
    "AWS::CloudWatch::Alarm": ("AlarmName",),
    "AWS::DynamoDB::Table": ("TableName",),
    "AWS::Scheduler::ScheduleGroup": ("Name",),
    "AWS::SSM::Parameter": ("Name",),
}
"""Where a resource is given a name of its own that the account and region has once."""


def each_name_is_the_stacks(written: Written) -> Findings:
    """Two stacks of one account and region share no name: a name that is given has the stack's."""
    for name, resource in written.translated["Resources"].items():
        for field in NAMES.get(resource["Type"], ()):
            given = resource.get("Properties", {}).get(field)
            if given is not None and "${AWS::StackName}" not in str(given):
                yield f"{name} has the {field} {given}, which two stacks cannot both have."


def each_schedule_is_in_the_stacks_group(written: Written) -> Findings:
    """Schedules are in the stack's one group, which its alarm and the roles' trust go by."""
    (group,) = written.template.resources("AWS::Scheduler::ScheduleGroup")
    for name, schedule in written.made("AWS::Scheduler::Schedule").items():
        if schedule.get("GroupName") != {"Ref": group}:
            yield f"{name} is in the group {schedule.get('GroupName')}, not in {group}."


def the_access_log_needs_no_policy(written: Written) -> Findings:
    """API Gateway delivers to a group under /aws/vendedlogs/ also where the log policy is full."""
    for name, api in written.template.resources("AWS::Serverless::HttpApi").items():
        for reference in references(api.get("AccessLogSettings")):
            group = written.template.document["Resources"][reference.target]["Properties"]
            if "/aws/vendedlogs/" not in str(group.get("LogGroupName")):
                yield f"{name} logs to {reference.target}, which is not under /aws/vendedlogs/."


def each_key_has_an_alias(written: Written) -> Findings:
    """A key is found by a name, not by a random id alone."""
    aliases = written.template.resources("AWS::KMS::Alias").values()
    named = [reference.target for alias in aliases for reference in references(alias)]
    for name in written.template.resources("AWS::KMS::Key"):
        if name not in named:
            yield f"{name} has no alias."


RULES: Final = (
    each_name_is_the_stacks,
    each_schedule_is_in_the_stacks_group,
    the_access_log_needs_no_policy,
    each_key_has_an_alias,
)
