"""Who has a name, and what frees it, where the version before IDNA stored its item elsewhere."""

from typing import Any

import pytest

from sojourn.domain.user import User
from sojourn.store import expressions
from sojourn.store.client import DynamoDB
from sojourn.store.names import DynamoNames, holder
from tests.support.clock import MovedClock

EMAIL = "ada@xn--mnchen-3ya.de"
ADA = User(id="usr_ada", realm_id="rl_1", user_type="human", created_ms=1, email=EMAIL)
NOW: dict[str, Any] = {"user_id": "usr_ada", "idna": True}
FORMER: dict[str, Any] = {"user_id": "usr_ada"}


class Client:
    """A boto3 client over items by their partition key."""

    def __init__(self, items: dict[str, dict[str, Any]]) -> None:
        self.items = items

    def get_item(self, *, Key: dict[str, Any], **_parameters: Any) -> dict[str, Any]:
        """The item, if there is one."""
        found = self.items.get(Key["pk"]["S"])
        return {} if found is None else {"Item": expressions.encode(found)}


def names_over(*, current: dict[str, Any] | None, former: dict[str, Any] | None) -> DynamoNames:
    """The names of a realm where these items are under the two keys of `EMAIL`."""
    keys = DynamoNames(DynamoDB(Client({}), MovedClock()), "directory").keys("rl_1", "email", EMAIL)
    at = [key.pk for key in keys]
    assert len({*at}) == 2
    items = {pk: item for pk, item in zip(at, (current, former), strict=True) if item is not None}
    return DynamoNames(DynamoDB(Client(items), MovedClock()), "directory")


@pytest.mark.parametrize(
    ("current", "former", "expected"),
    [
        (None, None, None),
        (NOW, None, "usr_ada"),
        (None, FORMER, "usr_ada"),
        # Under the former key of one email is the item of another, which is its own today.
        (None, {"user_id": "usr_eve", "idna": True}, None),
        (NOW, {"user_id": "usr_eve", "idna": True}, "usr_ada"),
        (NOW, {"user_id": "usr_eve"}, "usr_ada"),
    ],
)
def test_holder_of_a_name_is_found_under_either_key(
    current: dict[str, Any] | None, former: dict[str, Any] | None, expected: str | None
) -> None:
    """The current key's item comes first; the former key's counts if a former version wrote it."""
    assert holder([current, former]) == expected
    assert names_over(current=current, former=former).user_of("rl_1", "email", EMAIL) == expected


@pytest.mark.parametrize(
    ("former", "freed"),
    [
        (None, 1),
        (FORMER, 2),
        ({"user_id": "usr_eve"}, 1),
        ({"user_id": "usr_ada", "idna": True}, 1),
    ],
)
def test_name_is_freed_under_the_former_key_too(former: dict[str, Any] | None, freed: int) -> None:
    """What a former version stored for this user goes with the name, and nothing of another's."""
    names = names_over(current=NOW, former=former)
    keys = names.keys("rl_1", "email", EMAIL)
    expected = [
        expressions.delete(
            key,
            condition="attribute_not_exists(pk) OR user_id = :user_id",
            values={":user_id": "usr_ada"},
        )
        for key in keys[:freed]
    ]
    assert names.freeing(ADA, [("email", EMAIL)]) == expected
    assert names.freeing(ADA, [("email", EMAIL)], kept=keys) == []
