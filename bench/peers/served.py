"""A peer that is one server: its process, and the tokens that it gave."""

from abc import abstractmethod

from bench.peers.asking import Api
from bench.peers.peer import Process, Wrong


class Served:
    """What the peers that are servers have in common."""

    def __init__(self, process: Process, port: int) -> None:
        self.cpu_ns, self.memory_mib = process.cpu_ns, process.memory_mib
        self.ready_s, self.ready_cpu_s = process.ready_s, process.ready_cpu_s
        self.api = Api(port)
        self.tokens: dict[int, str] = {}
        """Of each user's last login."""
        self.others: dict[int, list[str]] = {}
        """By what each user's other sessions can be ended."""

    @abstractmethod
    def log_in(self, user: int) -> None:
        """Begin a session by password."""

    @abstractmethod
    def validate(self, user: int) -> None:
        """Ask whether the user's session stands. Raises `Wrong` if it does not."""

    @abstractmethod
    def list_own(self, user: int) -> None:
        """The user's other sessions."""

    @abstractmethod
    def end_one(self, user: int) -> None:
        """End one of them."""


def sees_end(served: Served, user: int) -> bool:
    """Whether a session that was ended from another one is refused by the next validation."""
    served.log_in(user)
    served.list_own(user)
    token, known = served.tokens[user], set(served.others[user])
    served.validate(user)
    served.log_in(user)
    served.list_own(user)
    served.others[user] = [each for each in served.others[user] if each not in known]
    if len(served.others[user]) != 1:
        raise Wrong(f"a login made {len(served.others[user])} sessions")
    served.end_one(user)
    served.tokens[user] = token
    try:
        served.validate(user)
    except Wrong:
        return True
    return False
