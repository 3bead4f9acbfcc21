"""The in-memory store: every port, for tests without DynamoDB.

The contracts (`tests/integration/store/test_*_contract.py`) hold it to what the store over DynamoDB
does. It keeps its own copies, takes one call at a time, and writes nothing whose condition does not
hold. No answer of it is lost, since nothing is between it and who calls.
"""

from sojourn.runtime.clock import Clock
from tests.support.memory.access_keys import MemoryAccessKeys
from tests.support.memory.attempts import MemoryAttempts
from tests.support.memory.due import MemoryDue
from tests.support.memory.feed import MemoryFeed
from tests.support.memory.realms import MemoryRealms
from tests.support.memory.removal import MemoryRemoval
from tests.support.memory.user_directory import MemoryUserDirectory
from tests.support.memory.users import MemoryUsers


class MemoryStore:
    """The store in memory."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.feed = MemoryFeed(clock)
        self.users = MemoryUsers(self.feed)
        self.realms = MemoryRealms(self.feed)
        self.directory = self.together = MemoryUserDirectory(self.realms, self.users)
        self.keys = MemoryAccessKeys(self.realms)
        self.due = self.settlements = MemoryDue(self.users, self.feed)
        self.removal = MemoryRemoval(self.users, self.realms, self.directory, self.keys, self.due)
        self.attempts = MemoryAttempts(self.users)
        self.leave = self.realms.leave = self.due.leave
        self.add_member = self.directory.add_member
        self.add_user = self.users.add
        self.remove_user = self.users.remove
        self.add_realm = self.realms.add
        self.find_realm = self.realms.find
        self.add_name = self.realms.add_name
        self.add_private_key = self.realms.add_private_key
        self.add_access_key = self.keys.add
