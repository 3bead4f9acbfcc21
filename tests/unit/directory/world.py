"""A `World` for tests of realms and signing keys, with an `admin` server."""

from typing import Any

from sojourn.api.paging import Page
from sojourn.directory import answers
from sojourn.directory.bodies import JwtKeyBody, RealmChanges
from tests.support import world

DAY = 86_400


class World(world.World):
    """A realm with the settings that a new one has, and what changes it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"session_minutes": 360, "max_sessions": 10} | settings)

    def change(self, **settings: Any) -> answers.Realm:
        """Change the realm's settings, a second later; the answer."""
        self.clock.advance(1)
        return self.realms.update(self.stack, self.realm_id, RealmChanges(**settings))

    def make_key(self, **body: Any) -> Any:
        """Make a signing key, a second later than any other; the answer."""
        self.clock.advance(1)
        return self.signing_keys.create(self.server, JwtKeyBody(**body))

    def states(self, kind: str = "expiring") -> dict[str, str]:
        """The states of the listed keys of a kind, by id."""
        found = self.signing_keys.page(self.server, Page(limit=100, ascending=True)).collection
        return {key.id: key.state for key in found if key.kind == kind}

    def signing(self, kind: str = "expiring") -> str:
        """The id of the key that signs now."""
        (key_id,) = [i for i, state in self.states(kind).items() if state == "signing"]
        return key_id

    def private(self) -> set[str]:
        """The ids of the keys of which there is a private half."""
        halves = self.store.realms
        return {key_id for key_id in self.cipher.keys if halves.private_key(self.realm_id, key_id)}

    def run(self, seconds: float = 60) -> dict[str, int]:
        """Run the rotation; what it met and did, without zeros."""
        report = self.rotation.run(lambda: seconds).answer()
        return {name: count for name, count in report.items() if count}
