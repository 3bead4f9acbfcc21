"""A server's access key, and what it permits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A server's credential for this API. `realm_id` None: stack-wide."""

    id: str
    realm_id: str | None
    name: str
    permission: str
    created_ms: int
    secret_hash: str
    expires_at: int | None = None
    last_used_ms: int | None = None

    def expired(self, now_ms: int) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and now_ms >= self.expires_at * 1000
