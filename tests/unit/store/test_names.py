"""Who has a name, and what frees it, where the version before IDNA stored its item elsewhere."""

from typing import Any, cast

import pytest

from sojourn.aws.client import Response
from sojourn.domain.user import NameKind, User
from sojourn.store import expressions
from sojourn.store.client import DynamoDB
from sojourn.store.names import DynamoNames, holder
from tests.support.clock import MovedClock

EMAIL = "ada@xn--mnchen-3ya.de"
CURRENT, BEFORE_IDNA = "rl_1#email#ada@xn--mnchen-3ya.de", "rl_1#email#ada@münchen.de"
ADA = User(id="usr_ada", realm_id="rl_1", user_type="human", created_ms=1, email=EMAIL)
NOW: dict[str, Any] = {"user_id": "usr_ada", "idna": True}
FORMER: dict[str, Any] = {"user_id": "usr_ada"}


class Client:
    """A client over items by their partition key."""

    def __init__(self, items: dict[str, dict[str, Any]]) -> None:
        self.items = items

    def call(self, operation: str, parameters: dict[str, Any]) -> Response:
        """The item, if there is one."""
        assert operation == "GetItem"
        found = self.items.get(parameters["Key"]["pk"]["S"])
        return Response({} if found is None else {"Item": expressions.encode(found)}, None)


def names_over(*, current: dict[str, Any] | None, former: dict[str, Any] | None) -> DynamoNames:
    """The names of a realm where these items are under the two keys of `EMAIL`."""
    items = {pk: item for pk, item in ((CURRENT, current), (BEFORE_IDNA, former)) if item}
    return DynamoNames(DynamoDB(cast(Any, Client(items)), MovedClock()), "directory")


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


def test_email_has_a_key_of_the_version_before_idna() -> None:
    """Only an email that IDNA changed has a second key; a username has none, whatever is in it."""
    names = names_over(current=None, former=None)

    def keys(kind: NameKind, name: str) -> list[str]:
        return [key.pk for key in names.keys("rl_1", kind, name)]

    assert keys("email", EMAIL) == [CURRENT, BEFORE_IDNA]
    assert keys("email", "ada@example.com") == ["rl_1#email#ada@example.com"]
    assert keys("username", EMAIL) == ["rl_1#name#ada@xn--mnchen-3ya.de"]


def test_name_is_claimed_where_nobody_else_has_it() -> None:
    """The item is put unless it is another user's, who may have it under the former key too."""
    names = names_over(current=None, former=None)
    current, former = names.keys("rl_1", "email", EMAIL)
    (username,) = names.keys("rl_1", "username", "Ada")
    condition = "attribute_not_exists(pk) OR user_id = :user_id"
    own = {":user_id": "usr_ada"}
    assert names.claiming(ADA, [("username", "Ada"), ("email", EMAIL)]) == [
        (
            ("username", "Ada"),
            expressions.put(username, {"user_id": "usr_ada"}, condition=condition, values=own),
        ),
        (("email", EMAIL), expressions.put(current, NOW, condition=condition, values=own)),
        (
            ("email", EMAIL),
            expressions.check(
                former, condition=f"{condition} OR attribute_exists(idna)", values=own
            ),
        ),
    ]
