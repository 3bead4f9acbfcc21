"""Lazy dataclasses do what the standard library's frozen ones with slots do, method by method."""

import copy
import dataclasses
import pickle
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.domain import lazy_dataclass
from sojourn.domain.session import Actor

T = TypeVar("T")
Made = tuple[type[Any], type[Any]]
"""A class by the standard library, and the same one by ours."""


def both(define: Callable[[Any], type[Any]]) -> Made:
    """The class that is defined by either module."""
    return define(dataclasses), define(lazy_dataclass)


def plain(by: Any) -> type[Any]:
    """A class with fields of every kind, a method and a property."""

    @by.dataclass(frozen=True, slots=True)
    class Thing:
        """A thing."""

        id: str
        secret: str = by.field(repr=False)
        size: int = 7
        tags: dict[str, int] = by.field(default_factory=dict)
        mark: tuple[int, ...] = by.field(default=(), compare=False)

        @property
        def double(self) -> int:
            """Twice its size."""
            return 2 * self.size

        def named(self, name: str) -> Any:
            """The thing by another name."""
            return by.replace(self, id=name)

    return Thing


def one_field(by: Any) -> type[Any]:
    """A class with one field."""

    @by.dataclass(frozen=True, slots=True)
    class One:
        only: int = 3

    return One


def generic(by: Any) -> type[Any]:
    """A generic class, which checks itself."""

    @by.dataclass(frozen=True, slots=True)
    class Box(Generic[T]):
        inside: Any
        count: int = 1

        def __post_init__(self) -> None:
            if self.count < 0:
                raise ValueError("a count is not negative")

    return Box


PLAIN, ONE, GENERIC = both(plain), both(one_field), both(generic)
CALLS: Final[list[tuple[Made, tuple[Any, ...], dict[str, Any]]]] = [
    (PLAIN, ("a", "s"), {}),
    (PLAIN, ("a",), {"secret": "s", "size": 8}),
    (PLAIN, ("a", "s", 1, {"x": 1}, (2,)), {}),
    (PLAIN, (), {"id": "a", "secret": "s", "mark": (1,), "tags": {"a": 2}}),
    (ONE, (), {}),
    (ONE, (4,), {}),
    (GENERIC, ([1],), {}),
    (GENERIC, (), {"inside": None, "count": 2}),
]


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_instance_is_the_same(number: int) -> None:
    """Values, text, equality, `replace`, `asdict` and `fields` are those of the library."""
    (standard, lazy), given_, named = CALLS[number]
    theirs, ours = standard(*given_, **named), lazy(*given_, **named)
    assert repr(ours) == repr(theirs)
    assert lazy_dataclass.asdict(ours) == dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert ours == lazy(*given_, **named)
    assert (ours == theirs, ours != theirs) == (False, True)
    assert ours.__eq__(theirs) is NotImplemented
    names = [field.name for field in dataclasses.fields(theirs)]
    assert [field.name for field in dataclasses.fields(ours)] == names
    assert lazy.__match_args__ == standard.__match_args__ == tuple(names)
    for replace in (dataclasses.replace, lazy_dataclass.replace):
        changed = replace(ours, **{names[0]: "other"})
        assert repr(changed) == repr(dataclasses.replace(theirs, **{names[0]: "other"}))
        assert changed != ours
        assert replace(ours) == ours
    assert copy.copy(ours) == copy.deepcopy(ours) == ours
    assert not hasattr(ours, "__dict__")


def test_calls_that_are_refused() -> None:
    """What the library refuses to make is refused with the same sentence."""
    refused: list[tuple[Made, tuple[Any, ...], dict[str, Any]]] = [
        (PLAIN, (), {}),
        (PLAIN, ("a",), {}),
        (PLAIN, ("a", "s", 1, {}, (), 6), {}),
        (PLAIN, ("a", "s"), {"id": "b"}),
        (PLAIN, ("a", "s"), {"unknown": 1}),
        (GENERIC, (1, -1), {}),
    ]
    for classes, given_, named in refused:
        told = []
        for made in classes:
            for _ in range(2):
                with pytest.raises((TypeError, ValueError)) as error:
                    made(*given_, **named)
                told.append(str(error.value))
        assert len({text.replace("test_lazy_dataclass.", "") for text in told}) == 1


@pytest.mark.parametrize("made", PLAIN, ids=["standard", "lazy"])
def test_value_is_frozen(made: type[Any]) -> None:
    """No field can be set or deleted, and none added."""
    thing = made("a", "s")
    # Of other names, the library of Python 3.11 raises a TypeError by mistake.
    for name in ("id",) if made is PLAIN[0] else ("id", "double", "unknown"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=name):
            setattr(thing, name, 1)
        with pytest.raises(dataclasses.FrozenInstanceError, match=name):
            delattr(thing, name)
    assert thing.double == 14
    assert thing.named("b").id == "b"


@pytest.mark.parametrize("made", PLAIN, ids=["standard", "lazy"])
def test_field_that_counts_for_nothing(made: type[Any]) -> None:
    """A field may be left out of equality, hash and text; a factory makes one for each value."""
    one, other = made("a", "s", tags={}, mark=(1,)), made("a", "s", tags={}, mark=(2,))
    assert one == other
    assert "secret" not in repr(one)
    assert made("a", "s").tags is not made("a", "s").tags
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    assert hash(made("a", "s", tags=())) == hash(made("a", "s", tags=(), mark=(3,)))


def test_match_by_position() -> None:
    """A value can be taken apart by `match`."""
    match Actor("session", "kss_1"):
        case Actor(kind, actor_id):
            assert (kind, actor_id) == ("session", "kss_1")


def test_value_can_be_pickled() -> None:
    """A value of a module survives a pickle."""
    actor = Actor("session", "kss_1")
    assert pickle.loads(pickle.dumps(actor)) == actor


VALUES: Final = st.none() | st.integers() | st.text(max_size=3) | st.tuples(st.integers())
NAMES: Final = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True)


@given(NAMES, st.data())
def test_any_class_is_the_same(names: list[str], data: st.DataObject) -> None:
    """Whatever fields, defaults and values there are: text, equality and hash are the library's."""
    defaults = data.draw(st.integers(0, len(names)))
    told = {name: (data.draw(st.booleans()), data.draw(st.booleans())) for name in names}
    values = [{name: data.draw(VALUES) for name in names} for _ in range(2)]

    def define(by: ModuleType) -> type[Any]:
        members: dict[str, Any] = {"__annotations__": dict.fromkeys(names, "object")}
        for at, name in enumerate(names):
            default = {"default": at} if at >= len(names) - defaults else {}
            members[name] = by.field(repr=told[name][0], compare=told[name][1], **default)
        return by.dataclass(frozen=True, slots=True)(type("Any", (), members))  # type: ignore[no-any-return]

    standard, lazy = both(define)
    given_ = dict(list(values[0].items())[: len(names) - defaults])
    for named in (*values, given_):
        theirs, ours = standard(**named), lazy(**named)
        assert repr(ours).rpartition(".")[2] == repr(theirs).rpartition(".")[2]
        assert hash(ours) == hash(theirs)
    first, second = (lazy(**named) for named in values)
    assert (first == second) == (standard(**values[0]) == standard(**values[1]))


def test_first_instances_of_many_threads() -> None:
    """Threads that make the first instances at once all get theirs."""
    for _ in range(20):
        made, barrier = plain(lazy_dataclass), threading.Barrier(8)
        found: list[Any] = []

        def make(
            number: int,
            made: type[Any] = made,
            barrier: threading.Barrier = barrier,
            found: list[Any] = found,
        ) -> None:
            barrier.wait()
            found.append(made(str(number), "s", size=number))

        threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted((each.id, each.size) for each in found) == [(str(n), n) for n in range(8)]


def test_nothing_is_compiled_before_it_is_used() -> None:
    """A class is made without compiling; its first instance compiles `__init__` alone, once."""
    made = plain(lazy_dataclass)
    written = made.__init__.__code__.co_filename
    assert written == lazy_dataclass.__file__
    made("a", "s")
    compiled = made.__init__
    assert compiled.__code__.co_filename == "<string>"
    made("a", "s")
    assert made.__init__ is compiled


@pytest.mark.parametrize(
    "options", [{"frozen": False, "slots": True}, {"frozen": True, "slots": False}], ids=str
)
def test_only_values(options: dict[str, bool]) -> None:
    """What is not frozen, or has no slots, is none of these."""
    with pytest.raises(TypeError, match="a value is frozen and has slots"):
        lazy_dataclass.dataclass(**options)


REFUSED: Final[dict[str, tuple[dict[str, Any], tuple[type[Any], ...], str]]] = {
    "a text of its own": ({"__repr__": lambda _: "hidden"}, (), "__repr__"),
    "an equality of its own": ({"__eq__": lambda _self, _other: True}, (), "__eq__"),
    "a hash of its own": ({"__hash__": lambda _: 1}, (), "__hash__"),
    "a pickle of its own": ({"__reduce__": lambda _: (str, ())}, (), "__reduce__"),
    "an `__init__` of its own": ({"__init__": lambda _: None}, (), "__init__"),
    "a value that it inherits": ({}, (Actor,), "inherits from no other"),
    "a list for all": ({"only": []}, (), "default_factory"),
    "a dict for all": ({"only": lazy_dataclass.field(default={})}, (), "default_factory"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_class_that_would_be_another_one(name: str) -> None:
    """A class is refused of which something would be lost, or shared by all its values."""
    members, bases, told = REFUSED[name]
    made = type("Odd", bases, {"__annotations__": {"only": "object"}, **members})
    with pytest.raises(TypeError, match=told):
        lazy_dataclass.dataclass(frozen=True, slots=True)(made)


def test_value_without_fields() -> None:
    """A class without fields has one value."""

    def define(by: Any) -> type[Any]:
        @by.dataclass(frozen=True, slots=True)
        class Nothing:
            pass

        return Nothing

    standard, lazy = both(define)
    assert lazy() == lazy() == copy.copy(lazy())
    assert (repr(lazy()), hash(lazy())) == (repr(standard()), hash(standard()))
