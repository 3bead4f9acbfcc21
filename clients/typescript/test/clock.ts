import type { Clock, Instant } from "../src/clock.js";

/** Both clocks stand still until they are moved. */
export class FakeClock implements Clock {
  wall: number;
  monotonic: number;

  constructor({ wall, monotonic }: Instant = { wall: 1_790_000_000, monotonic: 500 }) {
    this.wall = wall;
    this.monotonic = monotonic;
  }

  now(): Instant {
    return { wall: this.wall, monotonic: this.monotonic };
  }

  async sleep(seconds: number): Promise<void> {
    this.move(seconds);
  }

  /** Let time pass. */
  move(seconds: number): void {
    this.wall += seconds;
    this.monotonic += seconds;
  }
}
