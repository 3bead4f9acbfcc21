"""`make mutate`: its mutants, and its list of equivalent ones."""

import json
from functools import cache
from pathlib import Path

import libcst as cst
import pytest

from tools.mutation import __main__ as command
from tools.mutation import mutants, operators, report, source


@cache
def named(module: str) -> frozenset[str]:
    """The names of a module's mutants."""
    made = mutants.named(module)
    found = frozenset(made.values())
    assert len(found) == len(made), "two mutants have one name"
    return found


def test_every_equivalent_is_a_mutant() -> None:
    """An entry that no longer names a mutant is out of date, and fails here."""
    known = report.equivalents()
    made = {
        name for module in {mutants.module_of(name) for name in known} for name in named(module)
    }
    assert known.keys() <= made, known.keys() - made
    assert all(reason.endswith(".") for reason in known.values())


def test_strict_modules_are_there() -> None:
    """Each module that is held to the last mutant is there, and named once."""
    found = [module for group in mutants.STRICT.values() for module in group]
    assert len(set(found)) == len(found)
    assert {*found} <= {*mutants.modules()}


@pytest.mark.parametrize(
    "name",
    [
        "domain.session.Session.live: return now_ms < self.expires_at * 1000 -> "
        "return now_ms <= self.expires_at * 1000",
        "domain.session.Ended.keep_until: "
        "return min(self.session.expires_at, self.ended_ms // 1000 + (ENDED_RECORD_SECONDS)) -> "
        "return min(self.session.expires_at, self.ended_ms // 1000 + (ENDED_RECORD_SECONDS + 1))",
        "store.users.DynamoUsers._user_write: condition=('v = :v'), -> "
        "condition=('(v = :v OR attribute_exists(pk) OR attribute_not_exists(pk))'),",
        'store.expressions.read_many: "ConsistentRead": True, -> "ConsistentRead": False,',
    ],
)
def test_what_matters_most_is_mutated(name: str) -> None:
    """An expiry, a period, a condition, a consistent read: each has its mutant."""
    assert name in named(mutants.module_of(name))


def test_decorators_and_constants_are_where_mutmut_looks(tmp_path: Path) -> None:
    """A property is a plain function that becomes one after; a number is where it is used."""
    path = tmp_path / "module.py"
    path.write_text(
        "WEEK: Final = 7 * DAY\nDAYS = (1, 7)\nHOUR: Final = 60 * 60\n"
        "_OWN = 'a = :a'\nNAME = 'a name'\n"
        "class Kept:\n"
        "    @property\n"
        "    def first(self):\n"
        "        return self.DAYS, DAYS, _OWN, WEEK, NAME, make(HOUR=HOUR)\n"
        "    @staticmethod\n"
        "    def second(): ...\n"
    )
    assert source.arranged(path).partition("class Kept:\n")[2] == (
        "    def first(self):\n"
        "        return self.DAYS, (1, 7), ('a = :a'), WEEK, NAME, make(HOUR=(HOUR))\n"
        "    first = property(first)\n"
        "    @staticmethod\n"
        "    def second(): ...\n"
    )


def broken(text: str) -> list[str]:
    """What becomes of a string, when its clauses are broken."""
    made = operators.clauses_broken(cst.SimpleString(repr(text)))
    return [str(node.evaluated_value) for node in made]


def test_clauses_of_a_condition_are_broken_one_by_one() -> None:
    """Each clause is made true, made false, and moved by one; what is no condition is not."""
    found = broken("attribute_exists(pk) AND (attribute_not_exists(a) OR a < :since)")
    assert (
        "attribute_exists(pk) AND (attribute_not_exists(a) OR "
        "(a < :since OR attribute_exists(pk) OR attribute_not_exists(pk)))"
    ) in found
    assert "attribute_exists(pk) AND (attribute_not_exists(a) OR a <= :since)" in found
    assert len(found) == 3 * 2 + 1 + 2
    for other in ("pk = :pk AND sk > :after", "SET a = :a", "an ordinary sentence", ""):
        assert broken(other) == []


def test_survivor_among_the_strict_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """A survivor in the rules, a killed equivalent, a test that fails: each is reported."""
    equivalent = next(iter(report.equivalents()))

    def status(name: str, fate: report.Fate) -> int:
        return report.report({name: fate}, seconds=1, recorded=False)

    assert status("domain.ids.f: a -> b", "killed") == 0
    assert status("domain.ids.f: a -> b", "timed out") == 0
    assert status("runtime.deadline.f: a -> b", "survived") == 0
    assert status(equivalent, "survived") == 0
    assert status("domain.ids.f: a -> b", "survived") == 1
    assert "survived: domain.ids.f: a -> b" in capsys.readouterr().out
    assert status(equivalent, "killed") == 1
    assert status("domain.ids.f", "survived") == 0
    assert status("domain.ids.f", "killed") == 1


def test_no_test_is_no_kill() -> None:
    """A mutant that no test meets has survived; one whose tests do not end is killed by time."""
    fates = {0: "survived", 33: "survived", None: "survived", 1: "killed", 3: "killed"}
    fates |= {-24: "timed out", 152: "timed out"}
    assert {code: report.fate(code) for code in fates} == fates


def test_survivors_are_run_again_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results of killed mutants stay; a function as written is run beside its survivors."""
    monkeypatch.setattr(command, "_WORK", tmp_path)
    module = "domain.due"
    assert not command._is_as_run(module)
    command._lay_out("domain", [module])
    assert not command._is_as_run(module)
    named = mutants.named(module)
    written = next(key for key, name in named.items() if mutants.is_as_written(name))
    function = named[written]
    own = (key for key, name in named.items() if name.startswith(f"{function}: "))
    survived, unmet, late, killed, *_ = own
    codes = {written: 0, survived: 0, unmet: 33, late: -24, killed: 1}
    results = command._results(module)
    results.parent.mkdir(parents=True)
    results.write_text(json.dumps({"exit_code_by_key": codes, "durations_by_key": {killed: 2.5}}))
    assert command._is_as_run(module)
    command._forget_survivors([module])
    assert command._meta(module) == {
        "exit_code_by_key": {written: None, survived: None, unmet: None, late: None, killed: 1},
        "durations_by_key": {killed: 2.5},
    }
    assert command._fates([module])[named[killed]] == "killed"
    command._source(module).write_text("# changed since")
    assert not command._is_as_run(module)


def test_record_of_a_part_names_what_is_left_out() -> None:
    """A record that is not of all strict modules says which were not run."""
    part = {"domain.ids.f: a -> b": "killed", "crypto.tokens.f: a -> b": "killed"}
    (sentence,) = report._left_out(part)
    assert "crypto.signing_keys" in sentence
    assert "domain.ids" not in sentence
    strict = [module for group in mutants.STRICT.values() for module in group]
    assert report._left_out({f"{module}.f: a -> b": "killed" for module in strict}) == []
