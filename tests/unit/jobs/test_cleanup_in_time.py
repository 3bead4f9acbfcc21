"""Scheduled jobs end in time, even if the store is slow."""

from typing import Any, cast

import pytest

from sojourn import entry
from sojourn.aws.client import Response
from sojourn.aws.errors import Refused
from sojourn.domain.due import Due
from sojourn.domain.errors import Unavailable
from sojourn.domain.session import Origin, Session
from sojourn.domain.user import User
from sojourn.jobs.cleanup import Cleanup
from sojourn.runtime import deadline
from sojourn.store import expressions, user_items
from sojourn.store.client import DynamoDB
from sojourn.store.feed import DynamoFeed
from sojourn.store.users import DynamoUsers
from tests.support.clock import MovedClock

DUE = Due("user", "usr_1", 0)


class LateStore:
    """A client that gives a user with an expired session, and has each write lose, very late."""

    def __init__(self, clock: MovedClock) -> None:
        self.clock = clock
        self.calls = 0
        spent = Session("kss_1", 0, 0, "password", Origin(ip="", client=""))
        user = User("usr_1", "rl_1", "human", 0, sessions=(spent,))
        values = user_items.user_values(user) | {"pk": "usr_1", "sk": "user"}
        self.item = expressions.encode(values)

    def call(self, operation: str, _parameters: object) -> Response:
        """The user, at once; a write is throttled and throttled, and then another was faster."""
        if operation == "GetItem":
            return Response({"Item": self.item}, None)
        self.calls += 1
        self.clock.advance(deadline.ATTEMPT_SECONDS - 0.1)
        if self.calls % 3 == 0:
            raise Refused(400, "ConditionalCheckFailedException", {"Item": self.item})
        raise Refused(400, "ThrottlingException", {})


def cleanup_of(dynamo: DynamoDB, users: DynamoUsers, clock: MovedClock) -> Cleanup:
    """Cleanup of users alone."""
    none: Any = None
    return Cleanup(
        due=none,
        users=users,
        removal=none,
        realm_removal=none,
        settlement=none,
        skew=dynamo.skew,
        clock=clock,
    )


def test_step_of_cleanup_has_one_deadline() -> None:
    """All that is tried for one user takes one deadline together, and leaves time to report."""
    clock = MovedClock()
    dynamo = DynamoDB(cast(Any, LateStore(clock)), clock)
    feed = DynamoFeed(dynamo, "sessions", clock, kept_seconds=1)
    users = DynamoUsers(dynamo, "sessions", feed, only=user_items.SEEN)
    cleanup = cleanup_of(dynamo, users, clock)
    began = clock.stopwatch()
    with pytest.raises(Unavailable):
        cleanup._settle(DUE, 1, lambda: 100.0)
    assert clock.stopwatch() - began < entry.SECONDS_TO_REPORT


@pytest.mark.parametrize("left", [0.0, -1.0])
def test_step_of_cleanup_begins_no_write_without_time(left: float) -> None:
    """A user that was read too late is left to the next run."""
    clock = MovedClock()
    store = LateStore(clock)
    dynamo = DynamoDB(cast(Any, store), clock)
    feed = DynamoFeed(dynamo, "sessions", clock, kept_seconds=1)
    users = DynamoUsers(dynamo, "sessions", feed, only=user_items.SEEN)
    cleanup = cleanup_of(dynamo, users, clock)
    assert not cleanup._settle(DUE, 1, lambda: left)
    assert store.calls == 0
