"""`doctor`'s checks of tables, alarms and schedules, by calls to AWS."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from sojourn_cli.doctor.checks import Check, Finding, looked, named
from sojourn_cli.stack import PATIENT, Resources


def stack_checks(find: Callable[[], Resources]) -> list[Check]:
    """Each check separately, so that a missing permission affects only its own check."""
    return [
        looked("ttl", lambda: ttl(find())),
        looked("point_in_time_recovery", lambda: recovery(find())),
        looked("deletion_protection", lambda: protection(find())),
        looked("alarms", lambda: alarms(find())),
        looked("schedules", lambda: schedules(find())),
    ]


def ttl(found: Resources) -> Finding:
    """TTL is on, for the attribute that the items have."""
    dynamodb = found.session.client("dynamodb", config=PATIENT)
    off = []
    for table in found.tables:
        told = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        on = told.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
        if not on or told.get("AttributeName") != "ttl":
            off.append(table)
    return _tables(found, off, "TTL on `ttl`", "expired items stay; switch it on")


def recovery(found: Resources) -> Finding:
    """Point-in-time recovery is on."""
    dynamodb = found.session.client("dynamodb", config=PATIENT)
    off = []
    for table in found.tables:
        told = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        status = told.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        if status != "ENABLED":
            off.append(table)
    return _tables(found, off, "Point-in-time recovery", "nothing could be restored; switch it on")


def protection(found: Resources) -> Finding:
    """The tables have deletion protection."""
    dynamodb = found.session.client("dynamodb", config=PATIENT)
    off = [
        table
        for table in found.tables
        if not dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled")
    ]
    state, detail = _tables(
        found,
        off,
        "Deletion protection",
        "deploy with DeletionProtection=true; for an existing table, switch it on there",
    )
    return ("warning" if off else state), detail


def alarms(found: Resources) -> Finding:
    """Each alarm exists and has an action."""
    if not found.alarms:
        return "failed", "The stack has no alarm; is it a complete stack of Sojourn?"
    cloudwatch = found.session.client("cloudwatch", config=PATIENT)
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNames=list(found.alarms))
    told = {one["AlarmName"]: one for page in pages for one in page["MetricAlarms"]}
    gone = [name for name in found.alarms if name not in told]
    if gone:
        return "failed", f"Gone: {named(gone)}; deploy the stack again."
    mute = [n for n, one in told.items() if not (one["ActionsEnabled"] and one["AlarmActions"])]
    if mute:
        text = "deploy with AlarmTopicArn, and enable their actions"
        return "failed", f"{len(mute)} of {len(told)} alarms reach nobody ({named(mute)}): {text}."
    return "ok", f"Each of {len(told)} alarms has an action."


def schedules(found: Resources) -> Finding:
    """Each schedule exists and is enabled, in the stack's own group."""
    if not found.schedules:
        return "failed", "The stack has no schedule; is it a complete stack of Sojourn?"
    scheduler = found.session.client("scheduler", config=PATIENT)

    def state(name: str) -> str | None:
        for group in (*found.groups, "default"):
            try:
                return scheduler.get_schedule(Name=name, GroupName=group)["State"]
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
                    raise
        return None

    states = {name: state(name) for name in found.schedules}
    gone = [name for name, told in states.items() if told is None]
    if gone:
        return "failed", f"Gone: {named(gone)}; deploy the stack again."
    off = [name for name, told in states.items() if told != "ENABLED"]
    if off:
        return "failed", f"Not enabled: {named(off)}; enable it in EventBridge Scheduler."
    return "ok", f"Each of {len(states)} schedules is enabled."


def _tables(found: Resources, off: list[str], what: str, otherwise: str) -> Finding:
    if not found.tables:
        return "failed", "The stack has no table; is it a complete stack of Sojourn?"
    if off:
        return "failed", f"{what} is off for {named(off)}: {otherwise}."
    return "ok", f"{what} is on for each of {len(found.tables)} tables."
