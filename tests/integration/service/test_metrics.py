"""The metrics of each function are those that alarms read and docs/operations.md lists."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.stack import Context
from local.template import ROOT, Template
from provers.watched.logs import watch_logs
from sojourn.domain.errors import Unavailable
from tests.integration.conftest import empty, resources_of
from tests.integration.service.test_roles import WALKS
from tests.project.alarms import Metric, each_alarm_reads_what_is_emitted, read_of_ours
from tests.project.conventions import Written
from tests.support.clock import MovedClock
from tests.support.http_world import World
from tests.support.provoking import broken_store, path_of

TEMPLATE = Template.read()
FUNCTIONS = {function.folder: function for function in TEMPLATE.functions()}
STACK, OTHER = "shop", "blog"
"""Two stacks of one account and region; the functions that run here are of the first."""
HERE = Written.here()
Handler = Callable[[Any, Any], dict[str, Any]]


def service_of(folder: str) -> str:
    """The name that a function of the stack has in its metrics."""
    variable = FUNCTIONS[folder].environment["POWERTOOLS_SERVICE_NAME"]
    return str(TEMPLATE.resolved(variable, {"AWS::StackName": STACK}))


def named(handler: Handler, service: str, patch: pytest.MonkeyPatch) -> Handler:
    """The handler in the environment that the template gives its function."""

    def run(event: Any, context: Any) -> dict[str, Any]:
        with patch.context() as own:
            own.setenv("POWERTOOLS_SERVICE_NAME", service)
            return handler(event, context)

    return run


def metrics(line: str) -> Iterator[Metric]:
    """The metrics that CloudWatch reads out of a line of a log (embedded metric format)."""
    found = json.loads(line)
    for directive in found.get("_aws", {}).get("CloudWatchMetrics", []):
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, found[name]) for name in names)
            for metric in directive["Metrics"]:
                assert metric["Name"] in found
                yield Metric(directive["Namespace"], metric["Name"], dimensions)


@pytest.fixture(scope="module")
def emitted(environment: dict[str, str]) -> set[Metric]:
    """What the logs hold after every function did all its work, was guessed at and had no store."""
    capture = pytest.MonkeyPatch()
    lines: list[str] = []
    end = watch_logs(lambda _place, line: lines.append(str(line)))
    try:
        for folder, walk in WALKS.items():
            empty(environment)
            clock = MovedClock()
            world = World(resources_of(environment, clock), environment, clock)
            for handlers in (world._handlers, world._scheduled):
                for name, handler in handlers.items():
                    handlers[name] = named(handler, service_of(name), capture)
            walk(world)
            _fails(folder, world)
    finally:
        end()
    return {metric for line in lines for metric in metrics(line)}


def _fails(folder: str, world: World) -> None:
    """Have a function refuse those who guess, and be without its store."""
    routes = FUNCTIONS[folder].routes
    for route in {"POST /v1/login", "POST /v1/password"} & {*routes}:
        user, guess = "guessed", {"current_password": "wrong", "password": "another horse"}
        world.user(user)
        token = world.login(user).body["token"]
        for _ in range(6):
            if route == "POST /v1/login":
                world.login(user, password="wrong")
            else:
                world.call("POST", "/v1/password", guess, bearer=token)
    _skews(folder, world)
    world.clock.advance(5)
    if folder == "authorizer":
        _fails_to_authorize(world)
    with broken_store():
        calls = ((route.partition(" ")[0], path_of(route)) for route in routes)
        answers = (world.call(method, path, bearer=world.key).status for method, path in calls)
        assert not routes or 503 in answers


def _fails_to_authorize(world: World) -> None:
    """Have the authorizer refuse a REST API's caller, and be without its store."""
    arn = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod/GET/pets"
    event = {"type": "TOKEN", "methodArn": arn, "authorizationToken": "Bearer garbage"}
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        world._handlers["authorizer"](event, Context("authorizer", 512, 9))
    token = world.login("skewed").body["token"]
    with broken_store(), pytest.raises(Unavailable):
        world.authorize(token)


def _skews(folder: str, world: World) -> None:
    """Have a function find its clock wrong."""
    user = world.user("skewed")
    world.login("skewed")
    world.clock.advance(86_400)
    world.clock.wrong_seconds = 60.0
    match folder:
        case "login":
            assert world.admin("POST", "/v1/sessions", {"user_id": user}).status == 503
        case "directory":
            assert world.admin("POST", f"/v1/jwt_keys?realm_id={world.realm_id}", {}).status == 503
        case "cleanup":
            assert world.clean_up()["failed"] > 0
        case "rotate":
            assert world.rotate()["failed"] > 0
    world.clock.wrong_seconds = 0.0


def test_alarms_read_what_is_emitted(emitted: set[Metric]) -> None:
    """Each alarm on a metric of ours reads one that a function emitted, by its dimensions."""
    assert list(each_alarm_reads_what_is_emitted(HERE, emitted, STACK)) == []


def test_stacks_share_no_metric(emitted: set[Metric]) -> None:
    """No alarm of another stack reads anything that this one's functions emit."""
    read = {metric for _, metric in read_of_ours(HERE, OTHER)}
    assert read
    assert read & emitted == set()


BROKEN = {
    "a name": ("MetricName: RotationFailed", "MetricName: RotationsFailed"),
    "a namespace": (
        "Namespace: Sojourn\n      MetricName: Cleanup",
        "Namespace: Other\n      MetricName: Cleanup",
    ),
    "a dimension": (
        "Name: service\n          Value: !Sub ${AWS::StackName}-cleanup",
        "Name: Service\n          Value: !Sub ${AWS::StackName}-cleanup",
    ),
    "a service": ("Value: !Sub ${AWS::StackName}-rotate", "Value: !Sub ${AWS::StackName}-login"),
    "a service's name": (
        "Value: !Sub ${AWS::StackName}-list-sessions",
        "Value: !Sub ${AWS::StackName}-list_sessions",
    ),
    "a stack's name": ("Value: !Sub ${AWS::StackName}-rotate", "Value: sojourn-rotate"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_alarm_on_nothing_is_found(emitted: set[Metric], name: str) -> None:
    """An alarm that is wrong about this much of a metric reads one that nothing emits."""
    before, after = BROKEN[name]
    assert before in HERE.text
    wrong = Written(HERE.text.replace(before, after))
    assert list(each_alarm_reads_what_is_emitted(wrong, emitted, STACK)) != []


def test_metrics_are_documented(emitted: set[Metric]) -> None:
    """The operations document lists what each function emits, and nothing else."""
    operations = (ROOT / "docs/operations.md").read_text()
    (table,) = re.findall(r"^\| metric .*\n\|---.*\n((?:\|.*\n)+)", operations, re.MULTILINE)
    behind_api = {f.folder.replace("_", "-") for f in FUNCTIONS.values() if f.routes}
    documented = set()
    for row in table.splitlines():
        names, services, _ = row.strip("| ").split(" | ")
        everywhere = behind_api if "every function" in services else set()
        for service in everywhere | {*re.findall(r"`([\w-]+)`", services)}:
            whole = f"{STACK}-{service}"
            documented |= {(name, whole) for name in re.findall(r"`(\w+)`", names)}
    assert {(m.name, dict(m.dimensions)["service"]) for m in emitted} == documented
