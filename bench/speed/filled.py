"""Fill a DynamoDB with many users, in the stored form, and pick those that are measured."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import boto3

from bench.speed.processes import NAMES, environment
from bench.speed.raw import Raw
from bench.speed.world import Wire, World
from local import aws, dynamodb_local
from local.template import Template
from sojourn.domain import ids

_BATCH: Final = 25
"""The most items that DynamoDB writes at once."""


def make_tables(endpoint: str) -> None:
    """The template's tables, empty."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=aws.REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    for logical_id, properties in Template.read().resources("AWS::DynamoDB::Table").items():
        aws.create_table(client, NAMES[logical_id], dynamodb_local.known(properties))


def fill(endpoint: str, items: Iterator[tuple[str, Wire]]) -> int:
    """Write items; how many they were."""
    environ = environment("login", endpoint)
    raw, count = Raw.of(environ), 0
    while batch := list(islice(items, _BATCH)):
        requests: dict[str, list[Any]] = {}
        for table, item in batch:
            requests.setdefault(table, []).append({"PutRequest": {"Item": item}})
        while requests:
            requests = raw.call("BatchWriteItem", {"RequestItems": requests})["UnprocessedItems"]
        count += len(batch)
    return count


def others(world: World, first: int, count: int) -> Iterator[tuple[str, Wire]]:
    """The items of more users, made of the world's first user by other ids and names."""
    body, username = world.user_ids[0].removeprefix("usr_"), world.usernames[0]
    mine = [(table, json.dumps(item)) for table, item in world.items]
    mine = [(table, text) for table, text in mine if body in text]
    created_ms = ids.created_ms(world.user_ids[0])
    for number in range(first, first + count):
        other = ids.new_body(created_ms + number)
        for table, text in mine:
            renamed = text.replace(body, other).replace(username, f"grace.hopper.{number}")
            yield table, json.loads(renamed)


def without_items(world: World) -> World:
    """The world as callers know it: its items are in a DynamoDB."""
    return replace(world, items=[])
