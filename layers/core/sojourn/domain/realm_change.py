"""A commit of a realm: what it makes of it, and what is written or left to cleanup beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sojourn.domain.due import Due
from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import PublicKey


@dataclass(frozen=True, slots=True)
class RealmChange:
    """One commit: from the realm that was read to the one that must replace it.

    `private` are the ciphertexts of the private halves of new keys, by key id; that of a key which
    leaves the realm's keys goes in the same commit. `due` is what the commit leaves to cleanup.
    """

    before: Realm
    after: Realm
    private: Mapping[str, bytes] = field(default_factory=dict)
    due: tuple[Due, ...] = ()

    @property
    def new_keys(self) -> list[PublicKey]:
        """The keys that it makes, in the order of their numbers."""
        new = [key for key in self.after.keys.values() if key.id not in self.before.keys]
        return sorted(new, key=lambda key: key.number)

    @property
    def gone_keys(self) -> list[str]:
        """The ids of the keys that it removes."""
        return [key_id for key_id in self.before.keys if key_id not in self.after.keys]
