"""Remove the rest of a deleted user or realm, in writes that can be repeated."""

from collections.abc import Iterator
from contextlib import suppress

from sojourn.domain.errors import Superseded
from sojourn.domain.job_ports import TimeLeft
from sojourn.domain.user import User
from sojourn.store import access_keys, expressions, user_directory, user_items
from sojourn.store.client import ConditionFailed
from sojourn.store.due import DynamoDue
from sojourn.store.expressions import Key, Values
from sojourn.store.realms import REALMS, DynamoDirectory
from sojourn.store.users import DynamoUsers


class DynamoRemoval:
    """`Removal` over both tables."""

    def __init__(self, users: DynamoUsers, directory: DynamoDirectory, due: DynamoDue) -> None:
        self._dynamo = directory.dynamo
        self._users = users
        self._directory = directory
        self._due = due

    def finish_user(self, user_id: str, time_left: TimeLeft) -> bool:
        self._users.archive(user_id)
        for record in self._records(user_id, "strip"):
            if record.get("strip"):
                continue
            if time_left() <= 0:
                return False
            stripped = expressions.update(
                Key(self._users.table, user_id, record["sk"]),
                changed={"strip": True},
                removed=["ip", "client", "reported"],
                condition="attribute_exists(sk)",
            )
            with suppress(ConditionFailed):
                self._dynamo.write(stripped)
        gone = expressions.delete(
            self._users.user_key(user_id),
            condition="attribute_not_exists(pk) OR #state = :deleted",
            values={":deleted": "deleted"},
            names={"#state": "state"},
        )
        try:
            self._dynamo.write(gone)
        except ConditionFailed:
            return False
        return True

    def remove_records(self, user_id: str, time_left: TimeLeft) -> bool:
        for record in self._records(user_id):
            if time_left() <= 0:
                return False
            self._dynamo.write(expressions.delete(Key(self._users.table, user_id, record["sk"])))
        return True

    def remove_user(self, user: User) -> None:
        user_item = expressions.delete(
            self._users.user_key(user.id), condition="v = :v", values={":v": user.version}
        )
        names = self._directory.names.freeing(user, user.unique_names)
        member = expressions.delete(self._member(user.realm_id, user.id))
        try:
            self._dynamo.transact([user_item, *names, member])
        except ConditionFailed as error:
            if not error.failed[0]:
                raise Superseded(user) from error
            user_now = error.item
            raise Superseded(user_now and user_items.user_from(user_now)) from error

    def forget_user(self, realm_id: str, user_id: str) -> None:
        self._dynamo.write(expressions.delete(self._member(realm_id, user_id)))

    def remove_access_keys(self, realm_id: str, time_left: TimeLeft) -> bool:
        at, owner = self._directory, access_keys.owner_of(realm_id)
        for member in self._dynamo.query_all(
            table=at.table, condition="pk = :pk", values={":pk": owner}, only=("sk",)
        ):
            if time_left() <= 0:
                return False
            # The list is removed last, because a later call finds the key by it.
            self._dynamo.write(expressions.delete(at.access_key_key(member["sk"])))
            self._dynamo.write(expressions.delete(at.member_key(owner, member["sk"])))
        return True

    def count_removed(self, realm_id: str, users: int) -> None:
        write = {
            "TableName": self._directory.table,
            "Key": self._directory.realm_key(realm_id).attributes,
            "UpdateExpression": "SET deletion.#users = deletion.#users + :users",
            "ConditionExpression": "attribute_exists(deletion)",
            "ExpressionAttributeNames": {"#users": "users"},
            "ExpressionAttributeValues": expressions.encode({":users": users}),
        }
        # A single write would count twice after a lost answer; a transaction's token prevents that.
        with suppress(ConditionFailed):
            self._dynamo.transact([{"Update": write}])

    def remove_realm(self, realm_id: str) -> None:
        at = self._directory
        for key in self._dynamo.query_all(
            table=at.table,
            condition="pk = :pk AND begins_with(sk, :prefix)",
            values={":pk": realm_id, ":prefix": "jky_"},
            only=("sk",),
        ):
            self._dynamo.write(expressions.delete(at.private_key_key(realm_id, key["sk"])))
        self._dynamo.transact(
            [
                expressions.delete(at.realm_key(realm_id)),
                expressions.delete(at.member_key(REALMS, realm_id)),
                expressions.delete(self._due.deletion(realm_id)),
            ]
        )

    def _records(self, user_id: str, *only: str) -> Iterator[Values]:
        return self._dynamo.query_all(
            table=self._users.table,
            condition="pk = :pk AND begins_with(sk, :prefix)",
            values={":pk": user_id, ":prefix": user_items.ENDED},
            only=only or ("sk",),
        )

    def _member(self, realm_id: str, user_id: str) -> Key:
        return self._directory.member_key(user_directory.list_of(realm_id), user_id)
