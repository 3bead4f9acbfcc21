/** What mode "cached" is made of. */

import { Cached } from "./cached.js";
import { LocalVerifier } from "./local.js";
import type { Make } from "./modes.js";

export const cached: Make = (validation, { maxStaleness = 300, cacheSize, observe }) => ({
  mode: "cached",
  verifier: new LocalVerifier(validation.calls, new Cached(maxStaleness, cacheSize), {
    maxStaleness,
    size: cacheSize,
    observe,
    ask: (text, { session }) =>
      validation.one(text, { sessionId: session.id, userId: session.userId }),
  }),
});
