"""The checker finds an order of a history if and only if there is one."""

import math
from collections.abc import Iterable, Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provers.concurrency import history
from provers.concurrency.calls import Record, Someone
from provers.concurrency.checker import Exhausted, Operation, Verdict, check
from provers.concurrency.realm import Realm, Version
from provers.concurrency.state import Call, State
from provers.concurrency.user import Rules

ADA = Someone("usr_ada", "ada")
RULES = Rules()


def two(cap: int = 2, at_limit: str = "evict_oldest") -> State:
    """A user with two sessions, in a realm with that cap."""
    return State(("one", "two"), last=2.0, versions=(Version(Realm(cap, at_limit)),))


TWO = two()


def call(
    start: float, end: float, name: str, status: int, answer: Mapping[str, object], **asked: object
) -> Operation[Call]:
    """A call between two times."""
    rank = answer.get("created_at") if name == "begin" else None
    made = Call(name, asked, status, answer, start, end)
    rank = rank if isinstance(rank, float) else None
    return Operation(made, start, end, rank=rank, reads=made.reads)


def begin(start: float, end: float, session: str, created_at: float) -> Operation[Call]:
    """A login that began a session."""
    return call(start, end, "begin", 201, {"id": session, "created_at": created_at})


def logout(start: float, end: float, session: str) -> Operation[Call]:
    """A session that ended itself."""
    return call(start, end, "logout", 204, {}, session=session)


def stands(start: float, end: float, session: str) -> Operation[Call]:
    """A validation that was answered by 200."""
    return call(start, end, "validate", 200, {"id": session}, session=session)


def refused(start: float, end: float, session: str, reason: str | None) -> Operation[Call]:
    """A validation that was answered by 401."""
    answer = {"code": "session_ended", "reason": reason}
    return call(start, end, "validate", 401, answer, session=session)


def listed(start: float, end: float, *newest_first: str) -> Operation[Call]:
    """A list of the active sessions."""
    return call(start, end, "list", 200, {"sessions": list(newest_first)})


def denied(start: float, end: float, *oldest_first: str) -> Operation[Call]:
    """A login that was refused at the limit."""
    return call(start, end, "begin", 409, {"sessions": list(oldest_first)})


def verdict(*operations: Operation[Call], initial: State = TWO) -> Verdict[State]:
    """What the checker says."""
    return check(operations, initial, RULES.step)


def test_end_of_nothing_may_come_late() -> None:
    """An end of all that would find nothing now may be the one that ends what comes."""
    ended = call(-5, 20, "end_all", 204, {})
    history = [ended, begin(0, 10, "three", 3.0), listed(25, 30)]
    assert verdict(*history, initial=State()).linearizable


def test_empty_history() -> None:
    """An empty history is explained."""
    assert verdict().linearizable


def test_validation_that_overlaps_an_end_may_see_either() -> None:
    """A validation that began before an end was acknowledged may have come before or after it."""
    assert verdict(logout(0, 10, "one"), stands(5, 20, "one")).linearizable
    assert verdict(logout(0, 10, "one"), refused(5, 20, "one", "logout")).linearizable


def test_stale_validation() -> None:
    """A validation that begins after an acknowledged end and answers 200 is found (rule 5)."""
    assert not verdict(logout(0, 10, "one"), stands(11, 20, "one")).linearizable


def test_stale_list_between_two_that_are_not() -> None:
    """A read that goes back behind what an earlier one saw is found, both during the end."""
    assert not verdict(
        logout(0, 100, "one"), refused(10, 20, "one", "logout"), stands(30, 40, "one")
    ).linearizable


def test_wrong_reason() -> None:
    """A session is shown as ended for the reason for which it did."""
    ended = logout(0, 10, "one")
    assert not verdict(ended, refused(11, 20, "one", "evicted")).linearizable
    assert not verdict(ended, refused(11, 20, "one", None)).linearizable


def test_eviction() -> None:
    """The oldest goes; a newer one that went in its place is found (rule 3)."""
    third = begin(0, 10, "three", 3.0)
    assert verdict(third, listed(11, 12, "three", "two")).linearizable
    assert not verdict(third, listed(11, 12, "three", "one")).linearizable


def test_session_beyond_the_cap() -> None:
    """A session that nobody was evicted for is found (rule 3)."""
    third = begin(0, 10, "three", 3.0)
    assert not verdict(third, listed(11, 12, "three", "two", "one")).linearizable


def test_lost_eviction() -> None:
    """An evicted session that is back is found."""
    history = [begin(0, 10, "three", 3.0), refused(11, 12, "one", "evicted")]
    assert verdict(*history, listed(13, 14, "three", "two")).linearizable
    assert not verdict(*history, stands(13, 14, "one")).linearizable


def test_lost_login() -> None:
    """A login that another's commit undid is found."""
    logins = [begin(0, 10, "three", 3.0), begin(0, 10, "four", 4.0)]
    assert verdict(*logins, listed(11, 12, "four", "three")).linearizable
    assert not verdict(*logins, listed(11, 12, "four", "two")).linearizable


def test_resurrected_session() -> None:
    """A session that a late write of a login brought back is found."""
    ended = [logout(0, 10, "two"), begin(5, 20, "three", 3.0)]
    assert verdict(*ended, listed(21, 22, "three", "one")).linearizable
    assert not verdict(*ended, listed(21, 22, "three", "two")).linearizable


def test_commit_order_is_the_order_of_ages() -> None:
    """A login that ended before another began is the older one, or it is found."""
    assert not verdict(begin(0, 10, "three", 4.0), begin(11, 20, "four", 3.0)).linearizable


def test_refusal_at_the_limit() -> None:
    """409 is right when the cap was full at some moment within the call, with just those."""
    full = two(at_limit="deny")
    assert verdict(denied(0, 10, "one", "two"), initial=full).linearizable
    ended = logout(0, 10, "one")
    assert verdict(ended, denied(5, 20, "one", "two"), initial=full).linearizable
    assert not verdict(ended, denied(11, 20, "one", "two"), initial=full).linearizable
    assert not verdict(ended, denied(11, 20, "two"), initial=full).linearizable


def test_begin_where_the_realm_denies() -> None:
    """A login that was let in at the limit is found."""
    full = two(at_limit="deny")
    assert not verdict(begin(0, 10, "three", 3.0), initial=full).linearizable


def test_replacement_at_a_lowered_cap() -> None:
    """A login that replaces is let in, and ends as many of the oldest as the cap takes."""
    full = two(cap=1, at_limit="deny")
    replaced = call(0, 10, "begin", 201, {"id": "three", "created_at": 3.0}, replace="two")
    assert verdict(replaced, listed(11, 20, "three"), initial=full).linearizable
    assert not verdict(replaced, listed(11, 20, "three", "one"), initial=full).linearizable


def test_replacement_is_one_step() -> None:
    """A list during a replacement shows one of the two sessions, never both or neither."""
    answer = {"id": "three", "created_at": 3.0}
    replaced = call(0, 100, "begin", 201, answer, replace="one")
    roomy = two(cap=3)
    assert verdict(replaced, listed(10, 20, "two", "one"), initial=roomy).linearizable
    assert verdict(replaced, listed(10, 20, "three", "two"), initial=roomy).linearizable
    assert not verdict(replaced, listed(10, 20, "two"), initial=roomy).linearizable
    assert not verdict(replaced, listed(10, 20, "three", "two", "one"), initial=roomy).linearizable


def test_only_one_replaces_a_session() -> None:
    """Of two logins that replace the same session, one gets 404."""
    first = call(0, 10, "begin", 201, {"id": "three", "created_at": 3.0}, replace="one")
    second = call(0, 10, "begin", 201, {"id": "four", "created_at": 4.0}, replace="one")
    told = call(0, 10, "begin", 404, {}, replace="one")
    assert verdict(first, told).linearizable
    assert not verdict(first, second).linearizable


def test_login_that_outruns_a_disabling() -> None:
    """A login that is live after an acknowledged disabling is found (rule 8)."""
    disabled = call(0, 10, "set_state", 200, {}, state="inactive")
    assert verdict(disabled, begin(5, 20, "three", 3.0), listed(21, 22)).linearizable
    assert not verdict(disabled, begin(5, 20, "three", 3.0), listed(21, 22, "three")).linearizable
    assert not verdict(disabled, begin(11, 20, "three", 3.0)).linearizable


def test_server_begins_for_a_disabled_user() -> None:
    """A server learns that the user is inactive, while they are, and by no other answer."""
    disabled = call(0, 10, "set_state", 200, {}, state="inactive")
    told = {"code": "user_inactive", "sessions": []}
    assert verdict(disabled, call(11, 20, "begin", 409, told)).linearizable
    assert not verdict(call(-5, -1, "begin", 409, told), disabled).linearizable
    assert not verdict(disabled, call(11, 20, "begin", 401, {"code": "login_failed"})).linearizable


def test_old_password_after_a_change() -> None:
    """A login by the old password after an acknowledged change is found (rule 8)."""
    state = State(password="old")
    changed = call(0, 10, "set_password", 200, {}, password="new")
    answer = {"id": "three", "created_at": 3.0}

    def late(start: float) -> Operation[Call]:
        return call(start, 20, "login", 200, answer, password="old")

    assert verdict(changed, late(5), initial=state).linearizable
    assert not verdict(changed, late(11), initial=state).linearizable


def record(
    start: int, end: int, name: str, status: int, answer: Mapping[str, object], **asked: object
) -> Record:
    """A call as a worker records it."""
    return Record(ADA, name, asked, start, end, status, answer)


def explained(*records: Record) -> bool:
    """Whether some order explains these calls of a user with two sessions."""
    readings = history.readings(records, TWO.live)
    return any(check(made, TWO, RULES.step).linearizable for made in readings)


def test_end_without_an_answer_may_have_happened() -> None:
    """An end that was answered by 503 may have been done, even later; or it may not."""
    lost = record(0, 10, "logout", 503, {}, session="one")
    listing = {"sessions": ["two"], "created": {"two": 2.0}}
    both = {"sessions": ["two", "one"], "created": {"two": 2.0, "one": 1.0}}
    assert explained(lost, record(20, 30, "list", 200, listing))
    assert explained(lost, record(20, 30, "list", 200, both))
    assert explained(lost, record(20, 30, "list", 200, both), record(40, 50, "list", 200, listing))
    assert not explained(
        lost, record(20, 30, "list", 200, listing), record(40, 50, "list", 200, both)
    )


def test_login_without_an_answer_leaves_one_session_at_most() -> None:
    """A session that no answer named is a 503's; a second one has no excuse."""
    lost = record(0, 10, "begin", 503, {})
    one = {"sessions": ["three", "two"], "created": {"three": 3.0, "two": 2.0}}
    two = {"sessions": ["four", "three"], "created": {"four": 4.0, "three": 3.0}}
    assert explained(lost, record(20, 30, "list", 200, one))
    assert not explained(lost, record(20, 30, "list", 200, two))
    assert not explained(record(20, 30, "list", 200, one))


def test_login_without_an_answer_may_be_seen_by_its_effect_alone() -> None:
    """After a realm's deletion no list need have the session that evicted another."""
    lost = record(0, 10, "begin", 503, {})
    evicted = record(
        20, 30, "validate", 401, {"code": "session_ended", "reason": "evicted"}, session="one"
    )
    second = record(40, 50, "validate", 401, dict(evicted.answer), session="two")
    deleted = record(60, 70, "delete_realm", 204, {})
    assert explained(lost, evicted, deleted)
    assert not explained(lost, evicted)
    assert not explained(evicted, deleted)
    assert not explained(lost, evicted, second, deleted)
    assert explained(lost, lost, evicted, second, deleted)


def test_handler_that_raised() -> None:
    """An answer that no rule has is never explained."""
    assert not explained(record(0, 10, "validate", 500, {"error": "…"}, session="one"))


def test_search_has_an_end() -> None:
    """A history that would take too long is not called right, nor wrong."""

    def step(state: int, bit: int) -> Iterable[int]:
        return [state | 1 << bit] if bit >= 0 else []

    many = [Operation(bit, 0, math.inf) for bit in range(30)]
    with pytest.raises(Exhausted):
        check([*many, Operation(-1, 0, math.inf)], 0, step, limit=1_000)


NAMES = ("begin", "logout", "validate", "list", "end_all")


@given(
    seed=st.integers(0, 2**32),
    cap=st.integers(1, 3),
    at_limit=st.sampled_from(["evict_oldest", "deny"]),
    names=st.lists(st.sampled_from(NAMES), max_size=20),
)
def test_overlap_of_a_sequence(seed: int, cap: int, at_limit: str, names: list[str]) -> None:
    """Calls in sequence, stretched until they overlap and given in any order, have an order."""
    random = Random(seed)
    initial = State(versions=(Version(Realm(cap, at_limit)),))
    state, made = initial, []
    for number, name in enumerate(names):
        one, state = answered(RULES, state, name, number, random)
        # The moment at which it happened is within the call, wherever its ends are.
        early, late = random.uniform(0, 3), random.uniform(0, 3)
        made.append(Operation(one, number - early, number + late, reads=one.reads))
    random.shuffle(made)
    found = check(made, initial, RULES.step)
    assert found.linearizable
    assert sorted(found.order) == list(range(len(made)))


def answered(
    rules: Rules, state: State, name: str, number: int, random: Random
) -> tuple[Call, State]:
    """A call with the answer that the rules give it, and the state after it."""
    session = str(random.randrange(number + 1))
    reason = state.why(session)
    ended = {"code": "session_ended", "reason": reason}
    answers: list[tuple[int, Mapping[str, object]]] = [
        (201, {"id": str(number), "created_at": number + 1.0}),
        (409, {"sessions": list(state.live)}),
        (204, {}),
        (200, {"id": session, "sessions": [*reversed(state.live)]}),
        (401, ended),
    ]
    for status, answer in answers:
        made = Call(name, {"session": session}, status, answer)
        if after := list(rules.step(state, made)):
            return made, after[0]
    raise AssertionError(name)
