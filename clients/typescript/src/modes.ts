/** What makes a mode of verification. */

import type { Observe } from "./health.js";
import type { Poller } from "./poller.js";
import type { Validation } from "./validation.js";
import type { Verifier } from "./verifier.js";

export type Mode = "always" | "cached" | "feed";

/** How to verify. */
export interface Options {
  /** Seconds, where nothing else is told. */
  readonly maxStaleness: number | undefined;
  readonly cacheSize: number;
  readonly observe: Observe;
}

/** A verifier, and in mode "feed" what polls for it. */
export interface Machine {
  readonly mode: Mode;
  readonly verifier: Verifier;
  readonly poller?: Poller;
}

/** Makes the machine of a mode. */
export type Make = (validation: Validation, options: Options) => Machine;
