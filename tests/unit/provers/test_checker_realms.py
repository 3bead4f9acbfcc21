"""The checker finds errors around changes, ends, stopped keys and deletions of a realm."""

from collections.abc import Mapping
from dataclasses import replace

from provers.concurrency.checker import Operation, check
from provers.concurrency.realm import Realm, Version
from provers.concurrency.state import Call, State
from provers.concurrency.user import Rules
from tests.unit.provers.test_checker import (
    begin,
    call,
    denied,
    listed,
    logout,
    refused,
    stands,
    two,
)

KEYS = {"one": "first-key", "two": "first-key", "three": "first-key", "four": "second-key"}
RULES = Rules(signed=KEYS)
FULL = two(cap=2)
DENYING = two(cap=2, at_limit="deny")
ROOMY = two(cap=10)


def settings(start: float, end: float, **changed: object) -> Operation[Call]:
    """A change of the realm's settings."""
    return call(start, end, "set_realm", 200, changed, **changed)


def ended(start: float, end: float) -> Operation[Call]:
    """An end of all that began in the realm."""
    return call(start, end, "end_realm", 200, {})


def stopped(start: float, end: float) -> Operation[Call]:
    """A stop of the key by which all sessions so far began."""
    return call(start, end, "stop_key", 200, {}, key="first-key")


def deleted(start: float, end: float, status: int = 204) -> Operation[Call]:
    """A deletion of the realm."""
    return call(start, end, "delete_realm", status, {})


def invalid(start: float, end: float, session: str) -> Operation[Call]:
    """A validation of a token that is none any more."""
    answer = {"code": "token_invalid", "reason": None}
    return call(start, end, "validate", 401, answer, session=session)


def recorded(start: float, end: float, reasons: Mapping[str, str]) -> Operation[Call]:
    """A list of ended records."""
    return call(start, end, "records", 200, {"reasons": reasons})


def explained(*operations: Operation[Call], before: State = ROOMY) -> bool:
    """Whether some order explains these calls."""
    return check(operations, before, RULES.step).linearizable


def test_login_after_a_lowered_cap() -> None:
    """A login that begins after a cap was lowered ends as many as it takes; one more is found."""
    lowered = settings(0, 10, max_sessions=1)
    third = begin(11, 20, "three", 3.0)
    assert explained(lowered, third, listed(21, 22, "three"))
    assert not explained(lowered, third, listed(21, 22, "three", "two"))
    assert not explained(lowered, third, listed(21, 22, "three", "two", "one"))


def test_login_beside_a_change_of_cap_is_held_to_either() -> None:
    """A login that a lowered cap meets is decided by the cap before or after, and by no third."""
    lowered = settings(0, 10, max_sessions=1)
    third = begin(5, 20, "three", 3.0)
    assert explained(lowered, third, listed(21, 22, "three"), before=FULL)
    assert explained(lowered, third, listed(21, 22, "three", "two"), before=FULL)
    assert not explained(lowered, third, listed(21, 22, "three", "two", "one"), before=FULL)


def test_login_decided_by_the_realm_that_it_read() -> None:
    """A login under way may commit by the old cap behind one that began after the change."""
    lowered = settings(0, 10, max_sessions=1)
    late = [begin(5, 40, "four", 4.0), begin(11, 20, "three", 3.0)]
    assert explained(lowered, *late, listed(41, 42, "four", "three"))
    assert explained(lowered, *late, listed(41, 42, "four"))
    after = [begin(21, 40, "four", 4.0), begin(11, 20, "three", 3.0)]
    assert not explained(lowered, *after, listed(41, 42, "four", "three"))


def test_login_before_a_change_was_sent() -> None:
    """A login that ended before the cap was lowered knows nothing of it."""
    history = [begin(0, 5, "three", 3.0), settings(6, 10, max_sessions=1)]
    assert explained(*history, listed(11, 12, "three", "two", "one"))
    assert not explained(*history, listed(11, 12, "three"))


def test_switch_to_deny_and_back() -> None:
    """409 is right while the realm denies, and where the switch meets the login."""
    switch = settings(0, 10, at_limit="deny")
    assert explained(switch, denied(11, 20, "one", "two"), before=FULL)
    assert not explained(switch, begin(11, 20, "three", 3.0), before=FULL)
    assert explained(switch, begin(5, 20, "three", 3.0), before=FULL)
    back = settings(0, 10, at_limit="evict_oldest")
    assert not explained(back, denied(11, 20, "one", "two"), before=DENYING)
    assert explained(back, denied(5, 20, "one", "two"), before=DENYING)


def test_replacement_under_a_lowered_cap() -> None:
    """The named one and as many of the oldest as it takes end, also where the realm denies."""
    before = replace(
        two(at_limit="deny"), live=("zero", "one", "two"), versions=(Version(Realm(10, "deny")),)
    )
    lowered = settings(0, 10, max_sessions=2)
    answer = {"id": "three", "created_at": 3.0}
    began = call(11, 20, "begin", 201, answer, replace="one")
    assert explained(lowered, began, listed(21, 22, "three", "two"), before=before)
    reasons = {"zero": "evicted", "one": "replaced"}
    assert explained(lowered, began, recorded(21, 22, reasons), before=before)
    assert not explained(lowered, began, listed(21, 22, "three", "two", "zero"), before=before)
    told = denied(11, 20, "zero", "one", "two")
    assert explained(lowered, told, before=before)
    assert not explained(lowered, denied(11, 20, "one", "two"), before=before)


def test_settings_that_another_change_undid() -> None:
    """A change is answered with what it left, and stays."""
    answer = {"max_sessions": 3}
    assert not explained(call(0, 10, "set_realm", 200, answer, max_sessions=1))
    changes = [settings(0, 10, max_sessions=1), settings(11, 20, at_limit="deny")]
    assert not explained(*changes, begin(21, 30, "three", 3.0))


def test_validation_after_a_realms_end() -> None:
    """A session from before an end that was answered is active nowhere; while it runs, it may."""
    end = ended(0, 10)
    assert explained(end, stands(5, 20, "one"), refused(5, 20, "one", "realm_ended"))
    assert explained(end, refused(1, 2, "one", "realm_ended"), stands(3, 4, "one"))
    assert explained(end, refused(11, 20, "one", "realm_ended"))
    assert not explained(end, stands(11, 20, "one"))
    assert not explained(end, refused(11, 20, "one", "logout"))
    assert not explained(refused(-3, -2, "one", "realm_ended"), end)


def test_session_that_began_after_a_realms_end() -> None:
    """Sessions that began after an end was answered are active; simultaneous ones may be either."""
    end = ended(0, 10)
    third = begin(11, 20, "three", 3.0)
    assert explained(end, third, listed(21, 22, "three"))
    assert not explained(end, third, refused(21, 22, "three", "realm_ended"))
    assert not explained(end, third, listed(21, 22))
    beside = begin(5, 20, "three", 3.0)
    assert explained(end, beside, stands(21, 22, "three"))
    assert explained(end, beside, refused(21, 22, "three", "realm_ended"))
    assert not explained(
        end, beside, refused(21, 22, "three", "realm_ended"), stands(23, 24, "three")
    )


def test_old_login_behind_a_new_one() -> None:
    """A login that read the realm before its end does not evict what began after the answer."""
    end = ended(0, 10)
    new, old = begin(11, 20, "three", 3.0), begin(5, 40, "four", 4.0)
    lone = replace(two(cap=1), live=())
    assert explained(end, new, old, listed(41, 42, "four"), before=lone)
    assert not explained(end, new, old, listed(41, 42), before=lone)
    meets = begin(5, 20, "three", 3.0)
    assert explained(end, meets, old, listed(41, 42), before=lone)


def test_reason_that_was_recorded_stays() -> None:
    """Sessions that ended before a realm's end keep their reason."""
    end = ended(20, 30)
    assert explained(logout(0, 10, "one"), end, refused(31, 32, "one", "logout"))
    assert not explained(logout(0, 10, "one"), end, refused(31, 32, "one", "realm_ended"))
    again = call(31, 40, "terminate_by_server", 204, {}, session="two", target="two")
    reasons = {"one": "realm_ended", "two": "realm_ended"}
    assert explained(end, again, recorded(41, 42, reasons))
    reasons = {"one": "realm_ended", "two": "terminated_by_admin"}
    assert not explained(end, again, recorded(41, 42, reasons))


def test_end_without_an_answer() -> None:
    """An end of the realm that was answered by 503 may have happened, or not, or later."""
    lost = Operation(Call("end_realm", {}, 200, start=0), 0, certain=False)
    assert explained(lost, stands(11, 12, "one"))
    assert explained(lost, refused(11, 12, "one", "realm_ended"))
    assert explained(lost, stands(11, 12, "one"), refused(13, 14, "one", "realm_ended"))
    assert not explained(refused(-12, -11, "one", "realm_ended"), lost)


def test_token_of_a_stopped_key() -> None:
    """A token of a key whose stop was answered is none; its sessions were ended by the stop."""
    stop = stopped(0, 10)
    assert explained(stop, invalid(11, 12, "one"), listed(13, 14))
    assert explained(stop, stands(5, 20, "one"), invalid(5, 20, "one"))
    assert explained(stop, refused(5, 20, "one", "terminated_by_admin"))
    assert not explained(stop, refused(11, 20, "one", "terminated_by_admin"))
    assert not explained(stop, stands(11, 20, "one"))
    assert not explained(stop, listed(11, 20, "two", "one"))
    assert not explained(invalid(-5, -1, "one"), stop)
    gone = {"one": "terminated_by_admin", "two": "terminated_by_admin"}
    assert explained(stop, recorded(11, 20, gone))


def test_login_that_signs_by_a_stopped_key() -> None:
    """Sessions that begin after a stop was answered are signed by another key, and active."""
    stop = stopped(0, 10)
    good, bad = begin(11, 20, "four", 4.0), begin(11, 20, "three", 4.0)
    assert explained(stop, good, stands(21, 22, "four"))
    assert not explained(stop, good, invalid(21, 22, "four"))
    assert not explained(stop, bad, invalid(21, 22, "three"))
    assert explained(stop, begin(5, 20, "three", 4.0), invalid(21, 22, "three"), listed(23, 24))


def test_second_stop_does_nothing() -> None:
    """A second stop of a key ends no more sessions."""
    stops = [stopped(0, 10), stopped(20, 30)]
    history = [*stops, begin(11, 15, "four", 4.0)]
    assert explained(*history, listed(31, 32, "four"))
    assert not explained(*history, listed(31, 32))


def test_realm_that_is_deleted() -> None:
    """After a deletion was answered nobody logs in, no token is one, and servers find nobody."""
    deletion = deleted(0, 10)
    unknown = call(11, 12, "list", 404, {})
    assert explained(deletion, invalid(11, 12, "one"), unknown, call(11, 12, "login", 401, {}))
    assert not explained(deletion, stands(11, 12, "one"))
    assert not explained(deletion, refused(11, 12, "one", "user_deleted"))
    assert not explained(deletion, begin(11, 12, "three", 3.0))
    assert not explained(deletion, listed(11, 12, "two", "one"))
    assert not explained(deletion, ended(11, 12))
    assert explained(deletion, call(11, 12, "end_realm", 404, {}))
    assert explained(deletion, deleted(5, 12, 404), deleted(11, 20, 404))
    assert not explained(deleted(0, 10, 404))


def test_deletion_under_way() -> None:
    """During a deletion, other readers find users with or without their records."""
    deletion = deleted(0, 100)
    lost = call(5, 20, "validate", 401, {"code": "session_ended", "reason": None}, session="one")
    assert explained(deletion, stands(5, 20, "one"), lost, invalid(30, 40, "one"))
    assert not explained(deletion, refused(5, 20, "one", "user_deleted"))
    assert not explained(lost, deleted(30, 40))


def test_what_a_deletion_leaves() -> None:
    """Nothing is stored of a user whose realm is gone."""
    assert explained(deleted(0, 10), call(11, 12, "left", 200, {"left": 0}))
    assert not explained(deleted(0, 10), call(11, 12, "left", 200, {"left": 1}))


def test_many_tokens_beside_an_end() -> None:
    """Tokens of one request may meet an end between them; after its answer none does."""
    refusals = [None, ("session_ended", "realm_ended")]

    def many(start: float, end: float) -> Operation[Call]:
        answer = {"refusals": refusals}
        return call(start, end, "validate_many", 200, answer, sessions=["one", "two"])

    assert explained(ended(0, 10), many(5, 20))
    assert not explained(ended(0, 10), many(11, 20))
    assert not explained(many(-5, -1), ended(0, 10))


def test_own_list_beside_an_end() -> None:
    """A caller who is active as the list begins may find that all have ended; not the reverse."""

    def own(start: float, end: float, *found: str) -> Operation[Call]:
        return call(start, end, "list_own", 200, {"sessions": list(found)}, session="one")

    end = ended(0, 10)
    assert explained(end, own(5, 20, "two", "one"), own(5, 20))
    assert not explained(end, own(5, 20, "two"))
    assert not explained(end, own(11, 20))
    assert not explained(own(-5, -1), end)
