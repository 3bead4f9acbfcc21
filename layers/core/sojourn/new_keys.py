"""New signing keys for a realm, made once however often the realm's change is decided anew."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sojourn import dynamodb, keys
from sojourn.clock import Clock
from sojourn.directory import DynamoDirectory
from sojourn.errors import Conflict
from sojourn.ports import Cipher
from sojourn.realm import SIGNING_DELAY_MS, Algorithm, PublicKey, Realm

SIGNING_KEYS: Final = 20
"""Signing keys of one realm: they are read with it. Those that were stopped are not among them."""


def check_room(realm: Realm) -> None:
    """Raise `Conflict` when the realm has as many signing keys as it may."""
    if len(realm.keys) >= SIGNING_KEYS:
        raise Conflict(f"The realm has {SIGNING_KEYS} signing keys; delete one first.")


class NewKeys:
    """The keys that one change makes: at most one of each algorithm."""

    def __init__(self, directory: DynamoDirectory, cipher: Cipher, clock: Clock) -> None:
        self._directory = directory
        self._cipher = cipher
        self._clock = clock
        self._made: dict[Algorithm, tuple[PublicKey, bytes]] = {}

    def added(
        self, realm: Realm, algo: Algorithm, *, delay_ms: int = SIGNING_DELAY_MS
    ) -> tuple[Realm, Sequence[dict[str, Any]]]:
        """The realm with a new key that signs from `delay_ms` on, and its private half's write.

        Raises `Unavailable` when the key service does not answer, or the clock is wrong by which
        the key is to sign from.
        """
        self._directory.dynamo.skew.check()
        now_ms = self._clock.wall_ms()
        if algo not in self._made:
            self._made[algo] = keys.new_key(
                algo, realm_id=realm.id, now_ms=now_ms, cipher=self._cipher
            )
        made, ciphertext = self._made[algo]
        number = realm.key_count + 1
        key = replace(made, number=number, signs_from_ms=now_ms + delay_ms)
        at = self._directory.private_key_key(realm.id, key.id)
        after = replace(realm, keys={**realm.keys, key.id: key}, key_count=number)
        # An Update, so that no role which makes keys may put whole items: realms are items.
        return after, [dynamodb.update(at, changed={"ciphertext": ciphertext})]
