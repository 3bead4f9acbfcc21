/** What mode "feed" is made of. */

import { Batches } from "./batch.js";
import { Feed } from "./feed.js";
import { LocalVerifier } from "./local.js";
import type { Make } from "./modes.js";
import { Poller } from "./poller.js";

export const feed: Make = (validation, { maxStaleness = 10, cacheSize, observe }) => {
  const known = new Feed(maxStaleness, cacheSize);
  const batches = new Batches(validation);
  const poller = new Poller(known, validation.calls, maxStaleness, observe);
  const verifier = new LocalVerifier(validation.calls, known, {
    maxStaleness,
    size: cacheSize,
    observe,
    ask: (text, token) => batches.one(text, token),
    ensure: () => poller.ensure(),
  });
  return { mode: "feed", verifier, poller };
};
