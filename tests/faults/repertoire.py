"""All operations by name."""

from typing import Final

from tests.faults.operations import ENDS, LOGINS, READS
from tests.faults.realm_operations import KEYS, REALMS
from tests.faults.scheduled_operations import SCHEDULED
from tests.faults.user_operations import USERS

OPERATIONS: Final = (*LOGINS, *READS, *ENDS, *USERS, *REALMS, *KEYS, *SCHEDULED)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
