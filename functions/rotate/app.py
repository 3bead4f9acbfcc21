"""What the schedule runs for signing keys: the next in time, and the end of the old."""

from sojourn.entry import scheduled

handler = scheduled(lambda services, time_left: services.rotation.run(time_left).answer())
