/**
 * Decisions about a token: "given now and what is known, accept, refuse or ask".
 *
 * A policy is pure: it does no input or output and reads no clock. A verifier carries it out.
 */

import { type Instant, since } from "./clock.js";
import { isRejected, type Rejected } from "./errors.js";
import type { Session } from "./session.js";
import type { Verified } from "./signature.js";

/**
 * What the service said of a token, and when it was asked.
 *
 * `revalidateAfter` is the number of seconds for which the service lets a verifier rely on it.
 */
export interface Verdict {
  readonly outcome: Session | Rejected;
  readonly sent: Instant;
  readonly revalidateAfter: number;
}

/** The session stands, by what is known. `refresh`: ask again soon, without anybody waiting. */
export interface Accept {
  readonly kind: "accept";
  readonly session: Session;
  readonly refresh: boolean;
}

/** The token is refused, by what is known. */
export interface Refuse {
  readonly kind: "refuse";
  readonly error: Rejected;
}

/** Only the service knows. */
export interface Ask {
  readonly kind: "ask";
}

export type Decision = Accept | Refuse | Ask;
export const ASK: Ask = { kind: "ask" };

export function accept(session: Session, refresh = false): Accept {
  return { kind: "accept", session, refresh };
}

export function refuse(error: Rejected): Refuse {
  return { kind: "refuse", error };
}

/** What a mode remembers and decides. */
export interface Policy {
  /** Decide about a request that comes now, by what is known. */
  decide(token: Verified, now: Instant, maxStaleness: number): Decision;
  /** Remember an answer of the service, which may be late. */
  learn(token: Verified, verdict: Verdict): void;
  /** Ask again for each session of a user: some of them were ended by this process. */
  forgetUser(userId: string, now: Instant): void;
}

/**
 * The decision for the request that the service was asked for.
 *
 * An answer that is `within` seconds old is not taken: the process was suspended meanwhile, or the
 * network held it back.
 */
export function judged(verdict: Verdict, now: Instant, within: number): Decision {
  if (since(now, verdict.sent) >= within) return ASK;
  return isRejected(verdict.outcome) ? refuse(verdict.outcome) : accept(verdict.outcome);
}
