"""A clock that a test moves."""


class MovedClock:
    """Stands still until it is moved; sleeping moves it.

    It starts in 2049, so that a store that keeps the TTL by the true clock deletes nothing.
    """

    def __init__(self, wall_ms: int = 2_500_000_000_000) -> None:
        self._wall_ms = wall_ms
        self._monotonic = 1_000.0

    def wall_ms(self) -> int:
        return self._wall_ms

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move both clocks on."""
        self._wall_ms += round(seconds * 1000)
        self._monotonic += seconds

    def set_back(self, seconds: float) -> None:
        """Move the wall clock back, as a correction by NTP does."""
        self._wall_ms -= round(seconds * 1000)
