"""`make mutate`: its mutants, and its list of equivalent ones."""

from collections.abc import Sequence
from functools import cache

import pytest

from sojourn.crypto import signing_keys
from tools.mutation import conditions, control, report, warm
from tools.mutation.children import Outcome, outcomes
from tools.mutation.choice import Baseline
from tools.mutation.mutants import ROOT, Mutant, mutants, optional_keywords, path_of, written
from tools.mutation.targets import LEFT_OUT, TARGETS, TESTS


@cache
def named(module: str) -> dict[str, Mutant]:
    """The mutants of a module, by name."""
    made = list(mutants(module, optional_keywords()))
    found = {mutant.name: mutant for mutant in made}
    assert len(found) == len(made), "two mutants have one name"
    return found


def test_every_equivalent_is_a_mutant() -> None:
    """An entry that no longer names a mutant is out of date, and fails here."""
    known = report.equivalents()
    modules = {".".join(name.split(".")[:2]) for name in known}
    made = {name for module in modules for name in named(module)}
    assert known.keys() <= made, known.keys() - made
    assert all(reason.endswith(".") for reason in known.values())


def test_targets_are_modules() -> None:
    """Each module is there, and named once; rules, tokens and store are held to the last mutant."""
    names = [target.module for target in TARGETS]
    assert len(set(names)) == len(names)
    assert all(path_of(name).exists() for name in names)
    tests = {*TESTS, *LEFT_OUT, *(test for target in TARGETS for test in target.tests)}
    assert [test for test in tests if not (ROOT / test.partition("::")[0]).exists()] == []
    assert {t.group for t in TARGETS if t.strict} == {"rules", "tokens", "store"}


def test_mutants_are_told_apart() -> None:
    """No two mutants of a module have one name."""
    for target in TARGETS:
        if target.strict:
            assert named(target.module)


@pytest.mark.parametrize(
    "name",
    [
        "domain.session.Session.live: now_ms < self.expires_at * 1000 -> "
        "now_ms <= self.expires_at * 1000",
        "domain.session_rules.begin: user.state != 'active' or user.realm_id != realm.id -> False",
        "domain.session_rules.begin: user.state != 'active' or user.realm_id != realm.id -> "
        "user.state != 'active'",
        "domain.session.ENDED_RECORD_SECONDS: 30 -> 31",
        "store.users._SAME: 'v = :v' -> "
        "'(v = :v OR attribute_exists(pk) OR attribute_not_exists(pk))'",
        "store.expressions.read_one: True -> False",
        "store.expressions._conditioned: "
        "parameters['ReturnValuesOnConditionCheckFailure'] = 'ALL_OLD' -> pass",
    ],
)
def test_what_matters_most_is_mutated(name: str) -> None:
    """An expiry, an owner, a period, a condition, a consistent read: each has its mutant."""
    assert name in named(".".join(name.split(".")[:2]))


def test_function_of_a_mutant_is_one_that_can_be_exchanged() -> None:
    """What is within a function is its mutant, also in another function in it."""
    made = named("sessions.terminate")[
        "sessions.terminate.Terminator.all_own: s.id == current -> True"
    ]
    assert made.function == "Terminator.all_own"
    assert made.code.co_name == "all_own"


def test_mutant_takes_the_place_of_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that a fixture stands in for meanwhile is mutated, and not what stands there."""
    mutant = named("crypto.signing_keys")["crypto.signing_keys.generate: algo == 'es256' -> False"]
    original, code = signing_keys.generate, signing_keys.generate.__code__
    places = warm.Places([mutant])
    monkeypatch.setattr(signing_keys, "generate", lambda algo: (b"", str(algo)))
    try:
        places.exchange(mutant)
        assert original.__code__ is mutant.code
    finally:
        original.__code__ = code


def test_clauses_of_a_condition_are_broken_one_by_one() -> None:
    """Each clause is made true, made false, and moved by one; what is no condition is not."""
    text = "attribute_exists(pk) AND (attribute_not_exists(a) OR a < :since)"
    broken = list(conditions.mutated(text))
    assert (
        "attribute_exists(pk) AND (attribute_not_exists(a) OR "
        "(a < :since OR attribute_exists(pk) OR attribute_not_exists(pk)))"
    ) in broken
    assert "attribute_exists(pk) AND (attribute_not_exists(a) OR a <= :since)" in broken
    assert len(broken) == 3 * 2 + 1 + 2
    for other in ("pk = :pk AND sk > :after", "SET a = :a", "an ordinary sentence", ""):
        assert list(conditions.mutated(other)) == []


def test_child_tells_what_became_of_its_mutant() -> None:
    """A mutant survives when no test fails; it is killed by one, by an error, or by time."""
    made = list(named("domain.ids").values())[:4]

    def meet(mutant: Mutant) -> str | None:
        match made.index(mutant):
            case 0:
                return None
            case 1:
                return "tests/x.py::test_y"
            case 2:
                raise ValueError("broken")
            case _:
                while True:
                    pass

    found = {o.mutant.name: o for o in outcomes([(m, 0.0) for m in made], meet, jobs=4, spare=1)}
    fates = [(found[m.name].fate, found[m.name].by) for m in made]
    assert fates == [
        ("survived", ""),
        ("killed", "tests/x.py::test_y"),
        ("killed", "ValueError: broken"),
        ("timed out", "SIGXCPU"),
    ]


def test_survivor_among_the_strict_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """A survivor in the rules, or an equivalent that is killed, makes the run fail."""
    strict = next(iter(named("domain.session_rules").values()))
    other = next(mutants("runtime.deadline", {}))
    equivalent = named("domain.lockout")["domain.lockout.wait_seconds: 10 -> 11"]

    def status(*found: Outcome, unfounded: Sequence[str] = ()) -> int:
        return report.report(found, unfounded, whole=False, recorded=False, seconds=1)

    assert status(Outcome(strict, "killed", "x"), Outcome(strict, "timed out", "x")) == 0
    assert status(Outcome(other, "survived"), Outcome(equivalent, "survived")) == 0
    assert status(Outcome(strict, "survived")) == 1
    assert strict.name in capsys.readouterr().out
    assert status(Outcome(equivalent, "killed", "tests/x.py::test_y")) == 1
    assert status(Outcome(strict, "killed", "x"), unfounded=["x kills the code itself"]) == 1


def test_what_kills_without_a_mutant_is_told() -> None:
    """A test that fails on the code as it is written kills nothing, and the run says so."""
    one, two, three, four = list(named("domain.ids").values())[:4]
    both = frozenset({"sound", "broken"})
    lines = {"domain.ids": {m.line: both for m in (one, two, three, four)}}
    baseline = Baseline(seconds={"sound": 0.0, "broken": 0.1}, lines=lines)

    def killer(mutant: Mutant, tests: Sequence[str]) -> str | None:
        assert mutant.code == written(mutant).code != named("domain.ids")[mutant.name].code
        return "broken" if "broken" in tests else None

    def unfounded(*found: Outcome) -> list[str]:
        return control.unfounded(found, baseline, killer, jobs=1)

    assert unfounded(Outcome(one, "survived"), Outcome(two, "killed", "sound")) == []
    assert len(unfounded(Outcome(one, "killed", "sound"), Outcome(two, "killed", "broken"))) == 1
    assert (
        len(unfounded(Outcome(one, "timed out", "SIGXCPU"), Outcome(two, "killed", "Odd: x"))) == 2
    )
    assert (
        len(unfounded(Outcome(three, "killed", "broken"), Outcome(four, "killed", "broken"))) == 1
    )
