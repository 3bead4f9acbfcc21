/** The client for browsers, which has no access key, and so neither the mode "feed". */

import { Client, parts, type SojournOptions } from "./client.js";
import { always } from "./mode_always.js";
import { later } from "./mode_later.js";
import type { Mode } from "./modes.js";

export * from "./public.js";
export type { Client as Sojourn } from "./client.js";

/** Options of a client in a browser. */
export interface BrowserOptions extends Omit<SojournOptions, "accessKey" | "mode"> {
  mode?: Exclude<Mode, "feed"> | undefined;
}

/** A client of one realm. Throws `TypeError` for options that cannot be. */
export function createSojourn(options: BrowserOptions): Client {
  if ("accessKey" in options && options.accessKey !== undefined) {
    throw new TypeError("A browser must not have an access key: whoever opens the page reads it.");
  }
  // A browser names itself, and the list of devices shows it.
  return new Client(
    parts(options, { modes: { always, cached: loaded }, sending: { headers: {} } }),
  );
}

/** Mode "cached" verifies signatures, by code that a page loads for it alone. */
const loaded = later("cached", async () => (await import("./mode_cached.js")).cached);
