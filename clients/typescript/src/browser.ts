/** The client for browsers, which has no access key, and so neither the mode "feed". */

import { Client, parts, type SojournOptions } from "./client.js";
import { always } from "./mode_always.js";
import type { Make, Mode } from "./modes.js";

export * from "./public.js";
export type { Client as Sojourn } from "./client.js";

/** Options of a client in a browser. */
export interface BrowserOptions extends Omit<SojournOptions, "accessKey" | "mode"> {
  mode?: Exclude<Mode, "feed">;
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

/** Mode "cached" verifies signatures, by code that a page loads when it is first needed. */
const loaded: Make = (validation, options) => {
  const machine = import("./mode_cached.js").then(({ cached }) => cached(validation, options));
  machine.catch(() => undefined); // whoever verifies is told
  return {
    mode: "cached",
    verifier: {
      verify: async (text, within) => (await machine).verifier.verify(text, within),
      prefetch: async () => (await machine).verifier.prefetch(),
      forgetUser: (userId) => void machine.then(({ verifier }) => verifier.forgetUser(userId)),
    },
  };
};
