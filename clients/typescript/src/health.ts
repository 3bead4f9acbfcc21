/** What a client tells of itself: its state, and numbers for metrics. */

import { isRejected, isSojournError } from "./errors.js";

/**
 * What happened, and what its number is:
 *
 * - `accepted`, `rejected`, `unavailable`: a verification; 1
 * - `asked`: the service was asked about a session; the seconds that it took
 * - `polled`: the feed was read; the seconds that it took
 * - `poll_failed`: the feed could not be read; 1
 * - `ended`: entries of the feed that were new; how many
 * - `coverage_lost`: the feed was away for longer than it is kept; 1
 */
export type Event =
  | "accepted"
  | "rejected"
  | "unavailable"
  | "asked"
  | "polled"
  | "poll_failed"
  | "ended"
  | "coverage_lost";

/** Called when it happens: it must not wait. What it throws changes nothing. */
export type Observe = (event: Event, number: number) => void;

/** What observes, so that its errors harm nobody. */
export function guarded(observe: Observe | undefined): Observe {
  return (event, number) => {
    try {
      const told: unknown = observe?.(event, number);
      if (told instanceof Promise) told.catch(() => undefined);
    } catch {
      // A metric that is lost is no reason to refuse anybody.
    }
  };
}

/** Observes how a verification ends. */
export async function observed<T>(observe: Observe, verification: Promise<T>): Promise<T> {
  try {
    const found = await verification;
    observe("accepted", 1);
    return found;
  } catch (error) {
    if (isRejected(error)) observe("rejected", 1);
    else if (isSojournError(error) && error.kind === "unavailable") observe("unavailable", 1);
    throw error;
  }
}

/** The state of a client. All but `mode` is about mode "feed". */
export interface Health {
  readonly mode: "always" | "cached" | "feed";
  /** Whether sessions are accepted by the feed now; otherwise the service is asked. */
  readonly fresh: boolean;
  /** Seconds since when the feed is known; null before it was read. */
  readonly staleness: number | null;
  /** Whether this process polls; it begins with the first verification. */
  readonly polling: boolean;
  /** Polls that failed since the last one that did not. */
  readonly failures: number;
  /** Why the last poll failed. */
  readonly error: string | null;
}
