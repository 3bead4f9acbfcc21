/** Flights: what several requests wait for is done once, for all of them. */

import { type Clock, type Instant, since } from "./clock.js";

/** Seconds beyond the time-out that are waited for what another request does. */
export const GRACE = 1;

/**
 * Whether a promise ends with the request that made it, as on Cloudflare Workers and Vercel's edge.
 *
 * There a request that awaits another one's promise is ended by the runtime, and what runs on after
 * the answer is dropped.
 */
export function endsWithRequest(): boolean {
  return "EdgeRuntime" in globalThis || globalThis.navigator?.userAgent === "Cloudflare-Workers";
}

interface Flight<T> {
  readonly outcome: Promise<T>;
  readonly began: Instant;
}

/**
 * What is under way. A flight that is overdue is another one's no longer: it may never land.
 *
 * `alone`: each request does all for itself.
 */
export class Flights<T> {
  readonly alone = endsWithRequest();
  readonly #clock: Clock;
  readonly #longest: number;
  readonly #flights = new Map<string, Flight<T>>();

  constructor(clock: Clock, timeout: number) {
    this.#clock = clock;
    this.#longest = timeout + GRACE;
  }

  /** How many are under way. */
  get count(): number {
    return this.#flights.size;
  }

  /** Whether there is one that can be joined. */
  flies(name: string): boolean {
    const flight = this.#flights.get(name);
    return flight !== undefined && since(this.#clock.now(), flight.began) < this.#longest;
  }

  /** The outcome of a flight, and whether it began with this call; null if it is too late. */
  async join(name: string, work: () => Promise<T>): Promise<{ outcome: T; mine: boolean } | null> {
    const joined = this.#flights.get(name);
    if (joined !== undefined && this.flies(name)) {
      const outcome = await inTime(joined.outcome, this.#longest);
      return outcome === TOO_LATE ? null : { outcome, mine: false };
    }
    if (this.alone) return { outcome: await work(), mine: true };
    const flight = { outcome: work(), began: this.#clock.now() };
    this.#flights.set(name, flight);
    try {
      return { outcome: await flight.outcome, mine: true };
    } finally {
      if (this.#flights.get(name) === flight) this.#flights.delete(name);
    }
  }
}

export const TOO_LATE = Symbol("too late");

/** What a promise brings within some seconds of real time. */
export async function inTime<T>(
  promise: Promise<T>,
  seconds: number,
): Promise<T | typeof TOO_LATE> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<typeof TOO_LATE>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000, TOO_LATE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
