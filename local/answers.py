"""moto's answers without its search for names.

moto looks for each of the ten kinds that a value of DynamoDB may have, under every name that an
object of its own might keep it by; that is most of what a call costs. Values are in the form in
which they are sent already, so the one kind that each has is taken. How it is written stays moto's.
"""

from typing import Any

from moto.core.serialize import JSONSerializer


def write_values_as_they_are() -> None:
    """Have moto write the values of items without looking for what they may be called."""
    write = JSONSerializer._serialize_type_structure

    def write_structure(
        serializer: JSONSerializer, serialized: Any, value: Any, shape: Any, key: str
    ) -> None:
        if shape.name != "AttributeValue":
            write(serializer, serialized, value, shape, key)
            return
        wrapper: dict[str, Any] = {}
        for kind, content in value.items():
            serializer._serialize(wrapper, content, shape.members[kind], kind)
        serializer._default_serialize(serialized, wrapper, shape, key)

    JSONSerializer._serialize_type_structure = write_structure  # type: ignore[method-assign,assignment]
