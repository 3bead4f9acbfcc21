"""The guarantees about lost answers, one by one."""

import pytest

from provers.faults import repertoire
from provers.faults.catalogue import BY_NAME, FAULTS
from provers.faults.claims import DONE, ONE, OWN, TOKEN
from provers.faults.conftest import Found
from provers.faults.layer import Plan
from provers.faults.stage import Stage
from provers.faults.trial import Trials
from sojourn.domain.errors import Unavailable
from sojourn.store.removal import DynamoRemoval

LOST = [fault.name for fault in FAULTS if fault.done and fault.lasts]
LOGINS = ("login", "login-evicting", "login-replacing", "server-session", "authenticate")


def write_of(trials: Trials, operation: str) -> int:
    """The number of the one call that commits an operation."""
    calls = trials.rehearsed(repertoire.BY_NAME[operation]).calls
    (number,) = (call.number for call in calls if call.writes)
    return number


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("operation", LOGINS)
def test_login_finds_its_own_session(
    trials: Trials, stage: Stage, found: Found, operation: str, fault: str
) -> None:
    """A login whose commit's answer is lost answers with the very session that the commit began."""
    number = write_of(trials, operation)
    cast, clock = trials.prepared(repertoire.BY_NAME[operation])
    sound = stage.instance(clock)
    before = sound.active(cast.ada)
    stage.layer.arm(clock, Plan(BY_NAME[fault], number))
    world = stage.instance(clock, faulty=True)
    answer = repertoire.BY_NAME[operation].act(world, cast)
    assert stage.layer.struck == 1
    stage.layer.heal()
    assert answer.status in (200, 201)
    after = sound.active(cast.ada)
    assert [i for i in after if i not in before] == [answer.body["id"]]
    valid = sound.call("GET", "/v1/session", bearer=answer.body["token"])
    assert valid.body["id"] == answer.body["id"]
    found.claim(OWN)


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("operation", LOGINS)
def test_unknown_login_leaves_one_session_at_most(
    trials: Trials, stage: Stage, found: Found, operation: str, fault: str
) -> None:
    """A login that stays unknown is 503, and leaves one session that counts, is listed and ends."""
    number = write_of(trials, operation)
    cast, clock = trials.prepared(repertoire.BY_NAME[operation])
    sound = stage.instance(clock)
    before = sound.active(cast.ada)
    stage.layer.arm(clock, Plan(BY_NAME[fault], number, lasts=True))
    world = stage.instance(clock, faulty=True)
    answer = repertoire.BY_NAME[operation].act(world, cast)
    stage.layer.heal()
    assert (answer.status, answer.body["code"]) == (503, "unavailable")
    after = sound.active(cast.ada)
    (left,) = (i for i in after if i not in before)
    assert len(after) <= 3
    assert sound.admin("GET", f"/v1/sessions/{left}").body["active"] is True
    assert sound.admin("DELETE", f"/v1/sessions/{left}").status == 204
    assert left not in sound.active(cast.ada)
    found.claim(ONE)


@pytest.mark.parametrize("lasts", [False, True], ids=["once", "for-ever"])
@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("operation", ["logout", "end-own", "end-by-server"])
def test_lost_terminate_is_done(
    trials: Trials, stage: Stage, found: Found, operation: str, fault: str, lasts: bool
) -> None:
    """A terminate whose answer was lost has ended the session everywhere, whatever it answered."""
    number = write_of(trials, operation)
    cast, clock = trials.prepared(repertoire.BY_NAME[operation])
    stage.layer.arm(clock, Plan(BY_NAME[fault], number, lasts))
    world = stage.instance(clock, faulty=True)
    answer = repertoire.BY_NAME[operation].act(world, cast)
    stage.layer.heal()
    assert answer.status == (503 if lasts else 204)
    ended = "second" if operation == "logout" else "first"
    for instance in (world, stage.instance(clock)):
        refused = instance.call("GET", "/v1/session", bearer=cast.token[ended])
        assert (refused.status, refused.body["code"]) == (401, "session_ended")
    assert cast.session[ended] not in world.active(cast.ada)
    again = repertoire.BY_NAME[operation].act(world, cast)
    assert again.status == 204
    found.claim(DONE)


@pytest.mark.parametrize("operation", ["user-create", "jwt-key-create", "login-evicting"])
def test_transaction_is_known_by_its_token(
    trials: Trials, stage: Stage, found: Found, operation: str
) -> None:
    """A transaction whose answer is lost is sent again with its token, and DynamoDB knows it."""
    number = write_of(trials, operation)
    cast, clock = trials.prepared(repertoire.BY_NAME[operation])
    stage.layer.arm(clock, Plan(BY_NAME["dropped"], number))
    answer = repertoire.BY_NAME[operation].act(stage.instance(clock, faulty=True), cast)
    sent = [c.body["ClientRequestToken"] for c in stage.layer.made if c.writes]
    assert len(sent) == 2
    assert len(set(sent)) == 1
    assert answer.status == repertoire.BY_NAME[operation].statuses[0]
    found.claim(TOKEN)


def test_lost_count_of_a_deletion_counts_once(
    trials: Trials, stage: Stage, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users that a realm's deletion removed are counted once, also when that answer was lost."""
    deletion = repertoire.BY_NAME["realm-delete"]
    calls = [c for c in trials.rehearsed(deletion).calls if c.operation == "TransactWriteItems"]
    (counting,) = (c.number for c in calls if "deletion.#users" in str(c.body))
    cast, clock = trials.prepared(deletion)
    stage.layer.arm(clock, Plan(BY_NAME["dropped"], counting))
    monkeypatch.setattr(DynamoRemoval, "remove_realm", unavailable)
    assert deletion.act(stage.instance(clock, faulty=True), cast).status == 503
    assert stage.layer.struck == 1
    progress = stage.instance(clock).admin("GET", f"/v1/realms/{cast.realm}").body["deletion"]
    assert (progress["users_deleted"], progress["users_remaining"]) == (3, 0)
    found.claim(TOKEN)


def unavailable(*_arguments: object) -> None:
    """What the store is."""
    raise Unavailable
