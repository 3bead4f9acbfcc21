/** Polls the feed, between requests. */

import { notSojourn, understood } from "./answers.js";
import type { Calls } from "./calls.js";
import { since } from "./clock.js";
import { isSojournError, Unavailable } from "./errors.js";
import type { Feed } from "./feed.js";
import { GRACE, inTime, TOO_LATE } from "./flights.js";
import type { Health, Observe } from "./health.js";
import { headersOf, pageOf, pathOf } from "./revocations.js";

const LONGEST_PAUSE = 30;
/** A cursor lives for some hours; and a timer's pause has a bound, beyond which it is none. */
const LONGEST_INTERVAL = 3_600;
const FIRST_PAUSE = 0.5;
const MOST_PAGES = 1_000;
const GONE = ["cursor_expired", "cursor_invalid"];

/** A poller that polls: what its timer knows of it, so that a client nobody has any more stops. */
interface Running {
  stopped: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/**
 * Keeps a `Feed` fresh, four times in its `maxStaleness`.
 *
 * It begins with the first verification. After a failure it waits 0.5 seconds, then twice as long each
 * time, up to `maxStaleness` or 30 seconds, or what `Retry-After` says. Its timer keeps no process
 * alive.
 */
export class Poller {
  readonly #feed: Feed;
  readonly #calls: Calls;
  readonly #maxStaleness: number;
  readonly #observe: Observe;
  #running: Running | null = null;
  #underWay: Promise<number> | null = null;
  #failures = 0;
  #failure: Error | null = null;

  constructor(feed: Feed, calls: Calls, maxStaleness: number, observe: Observe) {
    this.#feed = feed;
    this.#calls = calls;
    this.#maxStaleness = maxStaleness;
    this.#observe = observe;
  }

  /** Begin to poll, if this process does not yet. */
  ensure(): void {
    if (this.#running !== null) return;
    this.#running = { stopped: false };
    void polls(weakly(this), this.#running);
  }

  /**
   * Begin to poll, and wait until the feed is fresh, or the next poll has ended without that.
   *
   * Throws why it could not be read: `Refused`, `Unavailable`.
   */
  async ready(): Promise<void> {
    this.ensure();
    if (this.health().fresh) return;
    const polled = await inTime(this.poll(), this.#calls.timeout + GRACE);
    if (this.health().fresh) return;
    if (polled !== TOO_LATE && this.#failure !== null) throw this.#failure;
    throw new Unavailable("The feed was not read in time.");
  }

  /** Stop polling. The next verification begins anew. */
  close(): void {
    if (this.#running === null) return;
    this.#running.stopped = true;
    clearTimeout(this.#running.timer);
    this.#running = null;
  }

  /** The state of the feed. */
  health(): Health {
    const staleness = this.#feed.staleness(this.#calls.clock.now());
    return {
      mode: "feed",
      fresh: staleness !== null && staleness < this.#maxStaleness,
      staleness,
      polling: this.#running !== null,
      failures: this.#failures,
      error: this.#failure?.message ?? null,
    };
  }

  /** Read the feed to its end; the seconds until the next poll. Never two at once. */
  poll(): Promise<number> {
    this.#underWay ??= this.#sweep().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  async #sweep(): Promise<number> {
    const { clock } = this.#calls;
    const began = clock.now();
    try {
      for (let page = 0; page < MOST_PAGES; page += 1) {
        if (!(await this.#page())) break;
      }
    } catch (error) {
      return this.#failed(error);
    }
    this.#failures = 0;
    this.#failure = null;
    const took = since(clock.now(), began);
    this.#observe("polled", took);
    // Four times in `maxStaleness`, so that a poll may fail and the next one be in time.
    const quarter = Math.min(this.#maxStaleness / 4, LONGEST_INTERVAL);
    const interval = quarter * (0.8 + this.#calls.chance() / 5);
    return Math.max(interval / 4, interval - took);
  }

  #failed(error: unknown): number {
    this.#failures += 1;
    this.#failure = error instanceof Error ? error : new Unavailable("The feed cannot be read.");
    this.#observe("poll_failed", 1);
    const told =
      isSojournError(error) && (error.kind === "unavailable" || error.kind === "refused")
        ? error.retryAfter
        : null;
    const longest = Math.min(LONGEST_PAUSE, Math.max(1, this.#maxStaleness));
    const backoff = Math.min(longest, FIRST_PAUSE * 2 ** Math.min(this.#failures - 1, 10));
    return told || backoff * (0.5 + this.#calls.chance() / 2);
  }

  /** Read a page; whether more follow. */
  async #page(): Promise<boolean> {
    const { clock } = this.#calls;
    const { position } = this.#feed;
    const known = headersOf(position, clock.now());
    const headers = { ...this.#calls.keyHeaders(), ...known };
    const answered = await this.#calls.ask({ method: "GET", path: pathOf(position), headers });
    const { reply, sent } = answered;
    // A 304 that was not asked for is a cache's, and says nothing of this page.
    if (reply.status === 304 && "if-none-match" in known) {
      this.#feed.unchanged(sent);
      return false;
    }
    let body;
    try {
      body = understood(reply, false);
    } catch (error) {
      const gone = isSojournError(error) && error.kind === "refused" && GONE.includes(error.code);
      if (!gone || position.cursor === null) throw error;
      this.#feed.lost();
      this.#observe("coverage_lost", 1);
      return true;
    }
    const page = pageOf(body);
    if (page === null) throw notSojourn();
    const count = this.#feed.read(page, sent, clock.now(), reply.headers["etag"] ?? null);
    if (count > 0) this.#observe("ended", count);
    return page.more;
  }
}

interface Weak<T> {
  deref(): T | undefined;
}

/** A reference that keeps nothing alive, where the runtime has one. */
function weakly<T extends object>(target: T): Weak<T> {
  return typeof WeakRef === "function" ? new WeakRef(target) : { deref: () => target };
}

/** Poll until it is stopped, or nobody has the poller any more. */
async function polls(reference: Weak<Poller>, running: Running): Promise<void> {
  const pause = await reference.deref()?.poll();
  if (pause === undefined || running.stopped) return;
  running.timer = setTimeout(() => void polls(reference, running), pause * 1000);
  // Node's timers keep the process alive, unless they are told not to.
  (running.timer as { unref?: () => void }).unref?.();
}
