"""Frozen dataclasses with slots, whose methods are made when they are first used.

`dataclasses` compiles six functions for each class, which takes half a millisecond of CPU. A Lambda
function imports some sixty values and makes a few of them, so this was a quarter of its
initialisation. Here `__init__` is compiled for the first instance, and the other methods are the
same functions for every class. A class that has one of them itself is refused.

`dataclasses.replace`, `fields` and `asdict` take these classes. None inherits from another. Import
this module as `sojourn.domain.values`.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

_MISSING: Final = object()


class field:
    """What a class says about a field beside its type: as `dataclasses.field`."""

    __slots__ = ("compare", "default", "default_factory", "repr")

    def __init__(
        self,
        *,
        default: object = _MISSING,
        default_factory: Any = _MISSING,
        repr: bool = True,
        compare: bool = True,
    ) -> None:
        self.default = default
        self.default_factory = default_factory
        self.repr = repr
        self.compare = compare


Fields = Mapping[str, field]


def dataclass(*, frozen: bool, slots: bool) -> Callable[[type], type]:
    """As `dataclasses.dataclass`, for values: both are true."""
    if not (frozen and slots):
        raise TypeError("a value is frozen and has slots")
    return _value


def replace(value: Any, /, **changes: object) -> Any:
    """As `dataclasses.replace`."""
    of = type(value)
    made = [changes.pop(n) if n in changes else getattr(value, n) for n in of.__match_args__]
    # What is left is no field, and `__init__` says so.
    return of(*made, **changes)


def asdict(value: Any) -> dict[str, Any]:
    """As `dataclasses.asdict`, of a value that holds no others."""
    return {name: getattr(value, name) for name in value.__match_args__}


def _value(cls: type) -> type:
    if hasattr(cls, "__dataclass_fields__"):
        raise TypeError("a value inherits from no other")
    members = {k: v for k, v in vars(cls).items() if k not in ("__dict__", "__weakref__")}
    fields: dict[str, field] = {}
    for name in cls.__annotations__:
        said = members.pop(name, _MISSING)
        fields[name] = said if isinstance(said, field) else field(default=said)
        if type(fields[name].default).__hash__ is None:
            raise TypeError(f"{name} would be shared by all values; use default_factory")
    compared = _tuple_of([name for name in fields if fields[name].compare])
    shown = [name for name in fields if fields[name].repr]

    def __init__(self: Any, *given: object, **named: object) -> None:
        made.__init__ = _compiled_init(made, fields)  # type: ignore[misc]
        made.__init__(self, *given, **named)  # type: ignore[misc]

    def __eq__(self: object, other: object) -> Any:
        return compared(self) == compared(other) if type(other) is type(self) else NotImplemented

    def __hash__(self: object) -> int:
        return hash(compared(self))

    def __repr__(self: object) -> str:
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({told})"

    own = {
        "__qualname__": cls.__qualname__,
        "__slots__": tuple(fields),
        "__match_args__": tuple(fields),
        "__init__": __init__,
        "__eq__": __eq__,
        "__hash__": __hash__,
        "__repr__": __repr__,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__reduce__": _reduce,
        "__dataclass_fields__": _StandardFields(cls, fields),
    }
    if lost := own.keys() & members.keys():
        raise TypeError(f"a value has no {', '.join(sorted(lost))} of its own")
    made: type = type(cls)(cls.__name__, cls.__bases__, {**members, **own})
    return made


def _tuple_of(names: Sequence[str]) -> Callable[[object], tuple[Any, ...]]:
    """A function that gives the values of these attributes."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _compiled_init(cls: type, fields: Fields) -> Callable[..., None]:
    """`__init__` with the fields as its parameters, and `__post_init__` after it."""
    scope: dict[str, Any] = {"_missing": _MISSING}
    parameters, body = ["self"], []
    for name, said in fields.items():
        value = name
        # The slot's own descriptor, because the class refuses what is set by name.
        scope[f"_set_{name}"] = vars(cls)[name].__set__
        if said.default_factory is not _MISSING:
            scope[f"_make_{name}"] = said.default_factory
            parameters.append(f"{name}=_missing")
            value = f"_make_{name}() if {name} is _missing else {name}"
        elif said.default is not _MISSING:
            scope[f"_default_{name}"] = said.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        body.append(f" _set_{name}(self, {value})\n")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()\n")
    source = f"def __init__({', '.join(parameters)}):\n pass\n{''.join(body)}"
    exec(source, scope)  # noqa: S102 - made of the names of fields alone, as in `dataclasses`
    made: Callable[..., None] = scope["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _refuse(_self: object, name: str, *_value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to or delete field {name!r}")


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), tuple(getattr(self, name) for name in self.__match_args__)


class _StandardFields:
    """`__dataclass_fields__`, made when `dataclasses` asks for it."""

    def __init__(self, cls: type, fields: Fields) -> None:
        self._cls = cls
        self._fields = fields
        self._made: Any = None

    def __get__(self, _value: object, _cls: type) -> Any:
        if self._made is None:
            self._made = self._twin().__dataclass_fields__
        return self._made

    def _twin(self) -> Any:
        """The same fields in a class of the standard library's."""
        import dataclasses

        members: dict[str, Any] = {"__annotations__": self._cls.__annotations__}
        for name, said in self._fields.items():
            told = {"default": said.default, "default_factory": said.default_factory}
            told = {key: value for key, value in told.items() if value is not _MISSING}
            made: Any = dataclasses.field
            members[name] = made(repr=said.repr, compare=said.compare, **told)
        return dataclasses.dataclass(type(self._cls.__name__, (), members))
