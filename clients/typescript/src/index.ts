/** The client for servers: Node, AWS Lambda and edge runtimes. */

import { parts, type Runtime, type SojournOptions } from "./client.js";
import { endsWithRequest } from "./flights.js";
import { always } from "./mode_always.js";
import { cached } from "./mode_cached.js";
import { feed } from "./mode_feed.js";
import { Sojourn } from "./server.js";
import type { Fetch } from "./transport.js";

export * from "./public.js";
export type { Authenticate } from "./authenticate.js";
export type { Headed } from "./headers.js";
export type { VerifiedJwt } from "./not_ended.js";
export type { Sojourn } from "./server.js";

/**
 * The runtime's fetch.
 *
 * Next.js puts one of its own before it, which in a page with `fetchCache = "force-cache"` keeps every
 * answer for good, whatever the request says: a session that was ended would go on.
 */
const fetch: Fetch = (input, init) => {
  const { fetch } = globalThis as { fetch: Fetch & { _nextOriginalFetch?: Fetch } };
  return (fetch._nextOriginalFetch ?? fetch)(input, init);
};

const SERVER: Runtime = {
  // A poller has no request to belong to.
  modes: endsWithRequest() ? { always, cached } : { always, cached, feed },
  sending: {
    fetch,
    headers: { "user-agent": "sojourn-client" },
    // Of Node: nothing was sent, so that even a login may be sent again.
    neverSent: /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/,
  },
};

/** A client of one realm. Throws `TypeError` for options that cannot be. */
export function createSojourn(options: SojournOptions): Sojourn {
  if (options.accessKey !== undefined && "window" in globalThis && "document" in globalThis) {
    throw new TypeError("A browser must not have an access key: whoever opens the page reads it.");
  }
  return new Sojourn(parts(options, SERVER));
}
