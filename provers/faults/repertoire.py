"""All operations by name."""

from typing import Final

from provers.faults.operations import ENDS, LOGINS, READS
from provers.faults.realm_operations import KEYS, REALMS
from provers.faults.scheduled_operations import SCHEDULED
from provers.faults.user_operations import USERS

OPERATIONS: Final = (*LOGINS, *READS, *ENDS, *USERS, *REALMS, *KEYS, *SCHEDULED)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
