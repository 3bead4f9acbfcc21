/**
 * Time: an instant by two clocks, and how long ago it was.
 *
 * The wall clock may be set back; the monotonic clock may stand still while a machine is suspended.
 * Whichever moved more tells the age of what is known, so nothing looks younger than it is.
 */

/** One moment by the wall clock (epoch seconds) and by the monotonic clock (seconds). */
export interface Instant {
  readonly wall: number;
  readonly monotonic: number;
}

/** Tells the time and waits. */
export interface Clock {
  now(): Instant;
  sleep(seconds: number): Promise<void>;
}

/** Seconds from an earlier instant to a later one, by whichever clock moved more. */
export function since(now: Instant, earlier: Instant): number {
  return Math.max(now.wall - earlier.wall, now.monotonic - earlier.monotonic);
}

/** The machine's clocks. An edge runtime may stop both while it computes, and the wall's runs on. */
export const systemClock: Clock = {
  now: () => ({ wall: Date.now() / 1000, monotonic: performance.now() / 1000 }),
  sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
};
