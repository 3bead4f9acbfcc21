"""The page of a realm's activity: its charts, and where their numbers come from."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn_cli.api import Api
from sojourn_cli.console.chart import HEIGHT, WIDTH, WINDOWS, Event, chart, window_of
from sojourn_cli.console.logins import METRICS, NotCounted, logins
from sojourn_cli.console.records import records
from sojourn_cli.reach import Reach
from sojourn_cli.stack import Resources
from sojourn_cli.where import Tools, Where
from tests.cli.console.browser import Browser
from tests.cli.console.conftest import Service
from tests.cli.console.test_users import login
from tests.cli.stub import Stub, page
from tests.cli.tool import KEY
from tests.support.clock import MovedClock
from tests.support.http_world import World

NOW = 1_796_000_000.0
KINDS = {"a": "first", "b": "second"}


def test_charts_of_a_realm(browser: Browser, world: World, clock: MovedClock) -> None:
    """The page has the sessions begun, and those ended by reason, with their numbers."""
    world.user("ada")
    for name in ("Phone/1.0", "Laptop/2.0", "Tablet/3.0"):
        last = login(world, "ada", name)
    assert world.admin("DELETE", f"/v1/sessions/{last}").status == 204
    here = f"/realms/{world.realm_id}/activity"
    text = browser.read(here).text
    assert "All users are counted (1)." in text
    assert "6 hours (360 minutes)" in text
    assert "password: 3" in text
    assert "ended by an operator or a server: 1" in text
    assert "Name the stack by --stack-name." in text
    clock.set_forward(5 * 3_600)
    assert "password: 3" in browser.read(here).text
    clock.set_forward(3_600)
    assert browser.read(here).text.count("There were none.") == 2
    assert browser.read(f"{here}?window=ages").text == browser.read(here).text


def test_records_of_many_users_are_not_all(world: World, service: Service) -> None:
    """Of more than a hundred users those are read who were created last, and the page says so."""
    for number in range(101):
        world.clock.advance(1)
        world.user(f"user{number}")
    for name in ("user0", "user100", "user100"):
        login(world, name)
    api = Api(Reach(service.url), world.key, world.realm_id, world.clock)
    found = records(api)
    assert (found.users, found.complete, len(found.began)) == (100, False, 2)
    assert service.calls().count("GET /v1/sessions") == 200


def test_records_of_a_user_with_many_are_not_all(stub: Stub) -> None:
    """If a user has more ended records than are read, the page says so."""
    stub.on("GET /v1/users", page({"id": "usr_1"}))
    session = {"active": False, "created_at": 1, "auth_method": "server", "ended_at": 2}
    stub.on("GET /v1/sessions", page(), page({**session, "reason": "logout"}, more=True))
    found = records(Api(Reach(stub.url), KEY, None, MovedClock()))
    assert not found.complete
    assert found.ended == [Event(2, "logout")]


@given(
    events=st.lists(
        st.builds(
            Event,
            at=st.floats(NOW - 40 * 86_400, NOW + 86_400),
            kind=st.sampled_from(["a", "b", "c"]),
            count=st.integers(0, 5),
        )
    ),
    window=st.sampled_from(sorted(WINDOWS)),
)
def test_chart_counts_what_is_in_its_window(events: list[Event], window: str) -> None:
    """Each event of the window is counted once, in its part; bars are as high as their counts."""
    it = chart("Title", events, KINDS, window=WINDOWS[window], now=NOW)
    start = WINDOWS[window].start(NOW)
    assert start <= NOW - (WINDOWS[window].parts - 1) * WINDOWS[window].seconds
    end = start + WINDOWS[window].parts * WINDOWS[window].seconds
    assert end > NOW
    wanted = {
        word: sum(event.count for event in events if event.kind == kind and start <= event.at < end)
        for kind, word in KINDS.items()
    }
    assert {kind.says: kind.total for kind in it.kinds} == {
        word: count for word, count in wanted.items() if count
    }
    colours = {"first": 0, "second": 1}
    assert all(colours[kind.says] == kind.number for kind in it.kinds)
    assert sum(sum(counts) for _, counts in it.rows) == sum(wanted.values())
    drawn = sum(bar.height for bar in it.bars)
    assert drawn == pytest.approx(sum(wanted.values()) * HEIGHT / (it.most or 1))
    for bar in it.bars:
        assert 0 <= bar.x < bar.x + bar.width <= WIDTH
        assert -0.01 <= bar.y < bar.y + bar.height <= HEIGHT + 0.01


def test_logins_of_a_deployed_stack(world: World, clock: MovedClock) -> None:
    """CloudWatch's metrics are read by hours: of this stack's functions, and of no other stack."""
    session = boto3.session.Session(region_name="eu-west-1")
    client: Any = session.client("cloudwatch")
    at = datetime(2026, 11, 29, 13, 20, tzinfo=UTC)
    for service, metric, value in (
        ("sojourn-login", "LoginSucceeded", 3),
        ("sojourn-login", "LoginSucceeded", 4),
        ("sojourn-login", "LoginFailed", 2),
        ("sojourn-directory", "LoginFailed", 1),
        ("other-login", "LoginSucceeded", 100),
        ("sojourn-login", "SessionsEvicted", 100),
    ):
        dimensions = [{"Name": "service", "Value": service}]
        data = {"MetricName": metric, "Dimensions": dimensions, "Value": value}
        client.put_metric_data(Namespace="Sojourn", MetricData=[{**data, "Timestamp": at}])
    found = Resources(session=session, tables=(), alarms=(), schedules=(), groups=())
    where = deployed(Tools(clock=clock, resources=lambda _: found))
    end = at.timestamp() + 3_600
    events = logins(where, start=end - 86_400, end=end)
    counted = {kind: sum(e.count for e in events if e.kind == kind) for kind in METRICS}
    assert counted == {"LoginSucceeded": 7, "LoginFailed": 3, "LoginRefused": 0}
    hour = at.timestamp() // 3_600
    assert {event.at // 3_600 for event in events if event.count} == {hour}


def test_aws_that_refuses(clock: MovedClock) -> None:
    """Without AWS credentials there is a message, not a stack trace."""
    session = boto3.session.Session(profile_name=None, region_name=None)
    found = Resources(session=session, tables=(), alarms=(), schedules=(), groups=())
    where = deployed(Tools(clock=clock, resources=lambda _: found))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_DEFAULT_REGION", raising=False)
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        with pytest.raises(NotCounted, match="--region"):
            logins(where, start=0, end=86_400)


def test_logins_of_the_local_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local stack's counts are read from its log, whatever else is in it."""
    monkeypatch.setenv("SOJOURN_LOCAL", str(tmp_path))
    where = Where(None, None, True, None, None, None)
    with pytest.raises(NotCounted, match="cannot be read"):
        logins(where, start=0, end=NOW)
    lines = [
        "{}",
        'half a line "_aws"',
        json.dumps({"_aws": 1}),
        json.dumps({"level": "INFO", "message": '"_aws"'}),
        json.dumps({"_aws": {"Timestamp": NOW * 1000}, "LoginSucceeded": [1.0]}),
        json.dumps({"_aws": {"Timestamp": NOW * 1000}, "LoginFailed": [2.0], "Other": [1.0]}),
    ]
    (tmp_path / "dev.log").write_text("\n".join(lines))
    found = logins(where, start=0, end=NOW)
    assert found == [Event(NOW, "LoginSucceeded"), Event(NOW, "LoginFailed", 2)]


def deployed(tools: Tools) -> Where:
    """A deployed stack, named by --stack-name."""
    return Where(None, "sojourn", False, None, None, None, tools=tools)


@given(st.floats(0, 10**8))
def test_window_is_long_enough(seconds: float) -> None:
    """The window of a lifetime has it whole, in parts of whole minutes."""
    window = window_of("", seconds)
    assert window.parts * window.seconds >= seconds
    assert window.seconds >= 60
    assert window.seconds % 60 == 0
