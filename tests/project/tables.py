"""Rules for tables: the stack's own, or existing ones given by a parameter."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.project.conventions import Findings, Written
from tests.project.references import Reference, references

ARN: Final = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/"


def own(value: Any) -> Any:
    """What a value is while the stack has the table itself."""
    match value:
        case {"Fn::If": [str(condition), then, _]} if condition.startswith("Owns"):
            return then
    return value


def given(table: str, value: Any) -> Any:
    """What must replace a value of the table where its name is given."""
    name = f"Existing{table}"
    match value:
        case {"Ref": _}:
            return {"Ref": name}
        case {"Fn::GetAtt": [_, "Arn"]}:
            return {"Fn::Sub": f"{ARN}${{{name}}}"}
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": text.replace(f"${{{table}.Arn}}", f"{ARN}${{{name}}}")}
    return None


def _choices(value: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each choice between a table of the stack's own and a given one: table, and both values."""
    match value:
        case {"Fn::If": [str(condition), then, otherwise]} if condition.startswith("Owns"):
            yield condition.removeprefix("Owns"), then, otherwise
        case Mapping():
            for member in value.values():
                yield from _choices(member)
        case list():
            for member in value:
                yield from _choices(member)


def everything_follows_the_table(written: Written) -> Findings:
    """Whatever names a table names the given one instead, where there is one."""
    document = written.translated
    tables = written.made("AWS::DynamoDB::Table")
    for table in tables:
        condition = document["Resources"][table].get("Condition")
        if condition != f"Owns{table}":
            yield f"{table} is made although its name is given."
    parts = {name: document[name] for name in ("Resources", "Outputs")}
    chosen = list(_choices(parts))
    for table, then, otherwise in chosen:
        if otherwise != given(table, then):
            yield f"{otherwise} stands for {then} where {table} is a given one."
    sure = list(_tables(references(parts), tables))
    by_choice = list(_tables(references([then for _, then, _ in chosen]), tables))
    for table in tables:
        if sure.count(table) != by_choice.count(table):
            yield f"Something names {table} also where its name is given."


def _tables(found: Iterator[Reference], tables: Mapping[str, Any]) -> Iterator[str]:
    return (reference.target for reference in found if reference.target in tables)
