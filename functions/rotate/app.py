"""The scheduled function `rotate`: create the next signing keys and remove retired ones."""

from sojourn.bootstrap import Resources
from sojourn.entry import scheduled
from sojourn.jobs.rotation import Rotation


def compose(given: Resources) -> Rotation:
    """Compose rotation. It creates private keys, and decrypts none."""
    return Rotation(realms=given.realms, cipher=given.cipher, skew=given.skew, clock=given.clock)


handler = scheduled(compose, lambda rotation, time_left: rotation.run(time_left).answer())
