"""Create a realm's new signing keys: once, even if the realm's change is retried."""

from sojourn.crypto import signing_keys
from sojourn.domain.ports import Cipher
from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import SIGNING_DELAY_MS, Algorithm, KeyKind, PublicKey
from sojourn.domain.values import replace
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew


class NewKeys:
    """The signing keys that one change creates: at most one of each algorithm and kind."""

    def __init__(self, cipher: Cipher, skew: Skew, clock: Clock) -> None:
        self._cipher = cipher
        self._skew = skew
        self._clock = clock
        self._made: dict[tuple[Algorithm, KeyKind], tuple[PublicKey, bytes]] = {}

    def added(
        self,
        realm: Realm,
        algo: Algorithm,
        *kinds: KeyKind,
        delay_ms: int = SIGNING_DELAY_MS,
    ) -> tuple[Realm, dict[str, bytes]]:
        """The realm with a new key of each kind, and their encrypted private keys.

        They sign after `delay_ms`. Raises `Unavailable` if KMS does not answer or the clock is
        wrong.
        """
        self._skew.check()
        now_ms = self._clock.wall_ms()
        private = {}
        for place, kind in enumerate(kinds):
            if (algo, kind) not in self._made:
                # The ids are a millisecond apart, so their order is that of the keys' numbers.
                public, ciphertext = signing_keys.new_key(
                    algo, realm_id=realm.id, now_ms=now_ms + place, cipher=self._cipher
                )
                self._made[algo, kind] = replace(public, created_ms=now_ms), ciphertext
            made, ciphertext = self._made[algo, kind]
            number = realm.key_count + 1
            key = replace(made, number=number, signs_from_ms=now_ms + delay_ms, kind=kind)
            realm = replace(realm, keys={**realm.keys, key.id: key}, key_count=number)
            private[key.id] = ciphertext
        return realm, private
