/**
 * Mode "cached": what the service said counts for up to `maxStaleness` seconds. Pure.
 *
 * The bound: after a termination was acknowledged at T, no request that comes at or after T + S is
 * accepted. An answer's age counts from when its request was sent, and by whichever of the wall and
 * the monotonic clock moved more.
 */

import { type Instant, since } from "./clock.js";
import { accept, ASK, type Decision, type Policy, refuse, type Verdict } from "./decision.js";
import { type Ending, isRejected, Terminated } from "./errors.js";
import { Lru } from "./lru.js";
import type { Session } from "./session.js";
import type { Verified } from "./signature.js";

/** The part of `maxStaleness` by which sessions differ, so that not all are asked for at once. */
const JITTER = 0.2;
/** The part of its time after which an answer is asked for again in the background. */
const REFRESH = 0.75;
const REFRESH_PAUSE = 5;

/** An answer that counts for `seconds` from when it was asked for. */
interface Kept {
  readonly session: Session;
  readonly sent: Instant;
  readonly seconds: number;
  /** When it was last asked for again in the background. */
  readonly refreshed: Instant | null;
}

/** Ended is definite, so it may be remembered for good. */
interface Gone {
  readonly ending: Ending;
}

/** The answers of the last `size` tokens, by their SHA-256. */
export class Cached implements Policy {
  readonly #maxStaleness: number;
  readonly #kept: Lru<Kept | Gone>;
  #endedHere: Instant | null = null;

  constructor(maxStaleness: number, size: number) {
    this.#maxStaleness = maxStaleness;
    this.#kept = new Lru(size);
  }

  decide(token: Verified, now: Instant, maxStaleness: number): Decision {
    const found = this.#kept.get(token.digest);
    if (found === undefined) return ASK;
    if ("ending" in found) return refuse(new Terminated(found.ending));
    const age = since(now, found.sent);
    if (age >= Math.min(found.seconds, maxStaleness)) return ASK;
    const refresh =
      age >= REFRESH * found.seconds &&
      (found.refreshed === null || since(now, found.refreshed) >= REFRESH_PAUSE);
    if (refresh) this.#kept.set(token.digest, { ...found, refreshed: now });
    return accept(found.session, refresh);
  }

  learn(token: Verified, { outcome, sent, revalidateAfter }: Verdict): void {
    const known = this.#kept.get(token.digest);
    if (isRejected(outcome)) {
      if (outcome.kind === "session_ended") {
        const { reason, endedAt } = outcome;
        this.#kept.set(token.digest, { ending: { reason, endedAt } });
      } else if (known !== undefined && !("ending" in known)) {
        this.#kept.delete(token.digest);
      }
      return;
    }
    if (known !== undefined && "ending" in known) return; // a late answer from before the end
    if (this.#isLate(sent, known)) return;
    const seconds = Math.min(lifetime(token.spread, this.#maxStaleness), revalidateAfter);
    this.#kept.set(token.digest, { session: outcome, sent, seconds, refreshed: null });
  }

  forgetUser(userId: string, now: Instant): void {
    this.#endedHere = now;
    for (const [name, found] of this.#kept.entries()) {
      if ("session" in found && found.session.userId === userId) this.#kept.delete(name);
    }
  }

  /** Whether an answer was asked for before a newer one, or before this process ended some. */
  #isLate(sent: Instant, known: Kept | undefined): boolean {
    if (this.#endedHere !== null && sent.monotonic <= this.#endedHere.monotonic) return true;
    return known !== undefined && sent.monotonic < known.sent.monotonic;
  }
}

/** Seconds for which an answer about a session counts: 80 to 100 % of `maxStaleness`. */
export function lifetime(spread: number, maxStaleness: number): number {
  return maxStaleness * (1 - (JITTER * spread) / 0xffff_ffff);
}
