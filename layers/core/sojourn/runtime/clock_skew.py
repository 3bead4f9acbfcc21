"""Check this instance's clock against the `Date` header of DynamoDB's answers.

A wrong clock would write lasting errors: sessions or lockouts that last too long, keys that are
removed too early. So an instance whose clock is certainly wrong refuses to write them. The header
has whole seconds and the answer takes time; in doubt, the clock counts as right.
"""

from datetime import UTC, datetime
from typing import Final

from sojourn.domain.errors import Unavailable
from sojourn.runtime import metrics, telemetry

MOST_MS: Final = 10_000
"""How far a clock may be off."""


class Skew:
    """The difference of this instance's clock, by the last answer that made it certain."""

    def __init__(self) -> None:
        self.off_ms = 0
        """How far this clock is ahead (negative: behind), 0 if that is not certain."""
        self._dated: tuple[str | None, int | None] = (None, None)

    def note(self, date: str | None, *, sent_ms: int, received_ms: int) -> None:
        """Compare the date of an answer with this clock's times before and after the call.

        An answer without a date is ignored, and so is one during which the clock was set back.
        """
        of, second_ms = self._dated
        if of != date:
            second_ms = _epoch_ms(date)
            self._dated = (date, second_ms)
        if second_ms is None or received_ms < sent_ms:
            return
        # The date was written between the two times, at any moment within its second.
        least, most = sent_ms - second_ms - 999, received_ms - second_ms
        if least > MOST_MS:
            self.off_ms = least
        elif most < -MOST_MS:
            self.off_ms = most
        elif least >= -MOST_MS and most <= MOST_MS:
            self.off_ms = 0

    def check(self) -> None:
        """Raises `Unavailable` if this instance's clock is known to be wrong."""
        off_ms = self.off_ms
        if off_ms:
            metrics.count(ClockSkewed=1)
            telemetry.warning("This instance's clock is wrong", off_seconds=off_ms / 1000)
            raise Unavailable("This instance's clock is wrong. Try again.")


def _epoch_ms(date: str | None) -> int | None:
    """The time of a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, IMF-fixdate).

    By hand: `email.utils` takes a tenth of a function's initialisation to import.
    """
    if date is None or len(date) != 29 or not date.endswith(" GMT"):
        return None
    month, rest = divmod(_MONTHS.find(date[8:11]), 3)
    try:
        day, year = int(date[5:7]), int(date[12:16])
        hour, minute, second = int(date[17:19]), int(date[20:22]), int(date[23:25])
        moment = datetime(year, month + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return None if rest else int(moment.timestamp()) * 1000


_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"
