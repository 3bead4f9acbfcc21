/**
 * Mode "feed": accept by what is known, as long as the feed of what ended is fresh. Pure.
 *
 * The bound: after a termination was acknowledged at T, no request that comes at or after T + S is
 * accepted. A session is accepted without a question if
 *
 * 1. the feed was read to its end less than S seconds ago, counted from when the first page of that
 *    sweep was asked for, or the session itself was validated less than S seconds ago, and
 * 2. the session was validated since the feed's coverage began, or it began after that, with a key of
 *    which the service has confirmed another token since then, and
 * 3. nothing that was read since then ended it, or might have.
 *
 * Anything else is asked for. Only the service's own times are compared with each other, and only by
 * more than its clocks may differ. Whether something happened before or after is told by this process'
 * monotonic clock.
 */

import { type Instant, since } from "./clock.js";
import { accept, ASK, type Decision, type Policy, refuse, type Verdict } from "./decision.js";
import { type Ending, isRejected, Terminated } from "./errors.js";
import { Lru, put } from "./lru.js";
import { after, type Entry, type Page, type Position, START } from "./revocations.js";
import type { Session } from "./session.js";
import type { Verified } from "./signature.js";

/**
 * A session that began that much after an end of its user or realm is not one that it ended: a login
 * may take 10 seconds, with a realm that is 5 seconds old, and clocks are 10 seconds apart.
 */
const MARGIN = 60;
/**
 * Seconds after the end of a realm or the stop of a key was first read, in which the service may still
 * answer by what it had cached: such an answer is good for one request.
 */
const SETTLING = 5;
const KEYS = 1_000;
/** Ids of entries that were read, by which repetitions are known: more than 40 seconds have. */
const ENTRIES = 50_000;

/** A session that was validated, and when the service was asked. */
interface Known {
  readonly digest: string;
  readonly session: Session;
  readonly sent: Instant;
}

/** What was refused, or was read at `seen` to have ended at `at`, a time of the service. */
interface Ended {
  readonly seen: Instant;
  readonly at: number;
  /** How a session ended; null if the service tells. */
  readonly ending: Ending | null;
}

/** What a process knows of its realm's sessions. `size` bounds each kind of knowledge. */
export class Feed implements Policy {
  position: Position = START;
  /** When the first page of the present coverage was asked for. */
  began: Instant | null = null;
  /** When the first page of the last whole sweep was asked for. */
  fresh: Instant | null = null;

  readonly #maxStaleness: number;
  readonly #size: number;
  readonly #known: Lru<Known>;
  readonly #ended = new Map<string, Ended>();
  readonly #users = new Map<string, Ended>();
  readonly #keys = new Map<string, Ended>();
  readonly #read = new Map<string, true>();
  #endedHere = new Map<string, Instant>();
  #confirmed = new Set<string>();
  // A session must have begun after this time of the service to be accepted unvalidated, and an answer
  // must have been asked for after this moment of the process to count.
  #beganAfter = -Infinity;
  #askedAfter = -Infinity;

  constructor(maxStaleness: number, size: number) {
    this.#maxStaleness = maxStaleness;
    this.#size = size;
    this.#known = new Lru(size);
  }

  decide(token: Verified, now: Instant, maxStaleness: number): Decision {
    const ended = this.#ended.get(token.session.id);
    if (ended !== undefined) {
      return ended.ending === null ? ASK : refuse(new Terminated(ended.ending));
    }
    const within = Math.min(maxStaleness, this.#maxStaleness);
    const found = this.#known.get(token.session.id);
    const known =
      found !== undefined && found.digest === token.digest && this.#counts(token, found)
        ? found
        : null;
    if (known !== null && since(now, known.sent) < within) return accept(known.session);
    if (!this.#isFresh(now, within) || this.#mayHaveExpired(token, now)) return ASK;
    if (known !== null && this.#covers(known.sent)) return accept(known.session);
    return this.#beganWithin(token) ? accept(token.session) : ASK;
  }

  learn(token: Verified, { outcome, sent }: Verdict): void {
    const { id, createdAt } = token.session;
    if (!isRejected(outcome)) {
      this.#known.set(id, { digest: token.digest, session: outcome, sent });
      this.#confirm(token.kid, sent);
      return;
    }
    // Ended is definite. Whatever else the service refuses, it is asked about again.
    const ending = outcome.kind === "session_ended" ? outcome : null;
    this.#end(id, sent, createdAt, ending);
  }

  forgetUser(userId: string, now: Instant): void {
    this.#endedHere.set(userId, now);
    if (this.#endedHere.size > this.#size) {
      this.lost();
      this.#askedAfter = now.monotonic;
      this.#endedHere = new Map();
    }
  }

  /** Take in a page that was asked for at `sent`; returns how many entries of it are new. */
  read(page: Page, sent: Instant, now: Instant, etag: string | null): number {
    if (this.began === null) {
      this.began = sent;
      this.#beganAfter = Math.max(this.#beganAfter, page.completeSince);
    }
    let count = 0;
    for (const entry of page.entries) {
      if (this.#read.has(entry.id)) continue;
      count += 1;
      this.#take(entry, now);
      put(this.#read, entry.id, true, ENTRIES);
    }
    const sweep = this.position.sweep ?? sent;
    this.position = after(this.position, page, sent, etag);
    if (!page.more) this.#swept(sweep);
    return count;
  }

  /** Take in that nothing has ended since the last page (304). */
  unchanged(sent: Instant): void {
    this.#swept(sent);
  }

  /** The cursor is older than what the service keeps (410): coverage begins anew. */
  lost(): void {
    this.position = START;
    this.began = this.fresh = null;
    this.#confirmed = new Set();
  }

  /** Seconds since when everything is known; null before the first whole sweep. */
  staleness(now: Instant): number | null {
    return this.fresh === null ? null : since(now, this.fresh);
  }

  #swept(asked: Instant): void {
    this.fresh = asked;
    // What this process ended before that has been read by now.
    for (const [userId, at] of this.#endedHere) {
      if (at.monotonic < asked.monotonic) this.#endedHere.delete(userId);
    }
  }

  #isFresh(now: Instant, within: number): boolean {
    return this.fresh !== null && since(now, this.fresh) < within;
  }

  #covers(sent: Instant): boolean {
    return this.began !== null && sent.monotonic >= this.began.monotonic;
  }

  /**
   * Whether a session has expired by the time that passed, if not by the wall clock.
   *
   * The wall clock may have been set back. Then the service tells.
   */
  #mayHaveExpired(token: Verified, now: Instant): boolean {
    const { expiresAt } = token.session;
    if (expiresAt === null || this.began === null) return false;
    return this.began.wall + (now.monotonic - this.began.monotonic) >= expiresAt;
  }

  /**
   * Whether a session that was never validated began after coverage did.
   *
   * The token's `iat` counts if it is earlier: after a wrong clock, sessions of a user are dated
   * forward to keep their order.
   */
  #beganWithin({ session, issuedAt, kid }: Verified): boolean {
    const beganAt = Math.min(session.createdAt, issuedAt + 1);
    const user = this.#users.get(session.userId);
    return (
      beganAt > this.#beganAfter &&
      (user === undefined || beganAt > user.at + MARGIN) &&
      !this.#endedHere.has(session.userId) &&
      !this.#keys.has(kid) &&
      this.#confirmed.has(kid)
    );
  }

  /** Whether an answer was asked for after everything that might have ended its session. */
  #counts({ session, kid }: Verified, known: Known): boolean {
    const asked = known.sent.monotonic;
    const here = this.#endedHere.get(session.userId);
    const user = this.#users.get(session.userId);
    const key = this.#keys.get(kid);
    return (
      asked > this.#askedAfter &&
      (here === undefined || asked > here.monotonic) &&
      (user === undefined || asked > user.seen.monotonic) &&
      (key === undefined || asked > key.seen.monotonic + SETTLING)
    );
  }

  /** The service accepted a token of this key: it had not been stopped by then. */
  #confirm(kid: string, sent: Instant): void {
    if (this.#covers(sent) && this.#confirmed.size < KEYS) this.#confirmed.add(kid);
  }

  #take({ scope, sessionIds, userId, keyId, endedAt, reason }: Entry, now: Instant): void {
    const ended: Ended = { seen: now, at: endedAt, ending: null };
    if (scope === "sessions") {
      for (const sessionId of sessionIds) this.#end(sessionId, now, endedAt, { reason, endedAt });
    } else if (scope === "user" && userId !== null) {
      this.#forget(put(this.#users, userId, ended, this.#size));
    } else if (scope === "key" && keyId !== null) {
      this.#forget(put(this.#keys, keyId, ended, KEYS), SETTLING);
    } else {
      this.#forget(ended, SETTLING);
    }
  }

  #end(sessionId: string, seen: Instant, at: number, told: Ending | null): void {
    const ending = told && { reason: told.reason, endedAt: told.endedAt };
    this.#known.delete(sessionId);
    this.#forget(put(this.#ended, sessionId, { seen, at, ending }, this.#size));
  }

  /** Validate anew whatever an end could be about that is not remembered by itself. */
  #forget(ended: Ended | undefined, settling = 0): void {
    if (ended === undefined) return;
    this.#askedAfter = Math.max(this.#askedAfter, ended.seen.monotonic + settling);
    this.#beganAfter = Math.max(this.#beganAfter, ended.at + MARGIN);
  }
}
