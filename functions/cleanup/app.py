"""What the schedule runs: the net under DynamoDB's TTL."""

from sojourn.entry import scheduled

handler = scheduled(lambda services, time_left: services.cleanup.run(time_left).answer())
