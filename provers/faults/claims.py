"""The named guarantees of the proof of faults, as docs/proof.md words them."""

OWN = "a login that is asked again finds its own session"
ONE = "a login that is not known to be done leaves one session at most, which can be ended"
DONE = "a terminate whose answer was lost is done"
TOKEN = "a transaction that is asked again carries the same ClientRequestToken, and is done once"
KEYS = "without KMS, sessions are validated, listed and ended"
CACHED = "without KMS, an instance that has the realm's key logs in for an hour"
FROZEN = "an instance that wakes believes nothing that it had cached"
CLOCKS = "instances whose clocks are 10 s apart keep the cap, the order and the ends"
LAG = "a read that does not ask for consistency is served what was"
CLAIMS = (OWN, ONE, DONE, TOKEN, KEYS, CACHED, FROZEN, CLOCKS, LAG)
