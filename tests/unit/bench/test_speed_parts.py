"""What the parts of the bench count: owners of samples, written keys, partitions, other users."""

import json
from typing import Any

import pytest

from bench.speed import before, breakdown, contended, filled, growth, world

PACKAGES = "/env/lib/python3.11/site-packages"
LAYER = "/src/layers/core/sojourn"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ([f"{LAYER}/domain/user.py"], "sojourn.domain.user"),
        (["/usr/lib/python3.11/json/decoder.py"], "sojourn.store.client"),
        ([f"{PACKAGES}/botocore/auth.py", "/usr/lib/hmac.py"], "boto3, botocore, urllib3"),
        ([f"{PACKAGES}/botocore/client.py", f"{LAYER}/store/x.py"], "boto3, botocore, urllib3"),
        ([f"{PACKAGES}/aws_lambda_powertools/logging/logger.py"], "Powertools"),
        (["/usr/lib/python3.11/logging/__init__.py"], "Powertools"),
        ([f"{PACKAGES}/cryptography/x.py"], "sojourn.store.client"),
    ],
)
def test_sample_is_for_whom_our_code_called(inner: list[str], expected: str) -> None:
    """A sample counts for the first package that our code called, or for our own module."""
    outer = ["/src/bench/speed/breakdown.py", "/src/functions/validate/app.py"]
    stack = [*outer, f"{LAYER}/entry.py", f"{LAYER}/store/client.py", *inner]
    assert breakdown.owner(stack[::-1]) == expected


def test_sample_without_our_code_is_pythons() -> None:
    """A sample in which none of our code is on the stack is nobody's."""
    assert breakdown.owner(["/src/bench/speed/breakdown.py"]) == "python"


KEY = {"pk": {"S": "a"}, "sk": {"S": "x"}}


@pytest.mark.parametrize(
    ("operation", "asked", "expected"),
    [
        ("GetItem", {"Key": KEY}, []),
        ("UpdateItem", {"Key": KEY}, ["a"]),
        ("PutItem", {"Item": KEY}, ["a"]),
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Update": {"Key": KEY}},
                    {"ConditionCheck": {"Key": KEY}},
                    {"Put": {"Item": KEY}},
                ]
            },
            ["a", "a"],
        ),
    ],
)
def test_keys_that_a_request_writes(
    operation: str, asked: dict[str, Any], expected: list[str]
) -> None:
    """Each write of a request has its partition key; reads and checks have none."""
    assert list(before.written(operation, asked)) == expected


def test_spread_counts_every_write_once() -> None:
    """Writes are counted by key and by partition, and the hottest key's share is told."""
    found = contended.spread("ends", ["a", "b", "a", "a"])
    assert (found.writes, found.keys, found.hottest) == (4, 2, 0.75)
    assert sum(found.counts) == 4
    assert found.counts[contended.partition("a")] >= 3


def test_ids_are_spread_evenly() -> None:
    """Users' ids, which begin with the time, are spread over all partitions."""
    maker = world.Maker()
    keys = [maker.human(number, sessions=0).id for number in range(2_000)]
    counts = contended.spread("users", keys).counts
    assert min(counts) > 0
    assert max(counts) < 3 * sum(counts) / len(counts)


def test_other_users_have_ids_and_names_of_their_own() -> None:
    """Users that are made of the first one share nothing with it, and have as many items."""
    made = world.made(users=1, sessions=2)
    mine = {json.dumps(item) for _, item in made.items}
    first, second = (list(filled.others(made, n, 1)) for n in (1, 2))
    about = [item for _, item in made.items if made.user_ids[0][4:] in json.dumps(item)]
    assert len(first) == len(second) == len(about) == 4
    for _, item in (*first, *second):
        assert json.dumps(item) not in mine
        assert made.user_ids[0][4:] not in json.dumps(item)
        assert made.usernames[0] not in json.dumps(item)
    keys = [(item["pk"]["S"], item["sk"]["S"]) for _, item in (*first, *second)]
    assert len(set(keys)) == 8


def test_size_of_an_item_grows_with_its_sessions() -> None:
    """An item's size is as DynamoDB counts it: bytes are not their base64."""
    sizes = [growth.item_size(world.made(users=1, sessions=n)) for n in (1, 2)]
    assert 200 < sizes[1] - sizes[0] < 300
    assert growth._stored({"L": [{"B": "AAAA"}]}) == {"L": [{"B": b"\0\0\0"}]}
