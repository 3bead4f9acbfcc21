/**
 * CSRF: whether a request that changes something comes from the application's own pages.
 *
 * A browser sends its cookies with requests that other sites make, too. It also says where a request
 * comes from: in `Sec-Fetch-Site` (all browsers since 2023), and in `Origin` (all since 2020, also over
 * http). Neither can be set by a page, so no token in forms is needed.
 */

import { type Headed, valuesOf } from "./headers.js";

const SAFE = ["GET", "HEAD", "OPTIONS"];
/** `none`: the user typed the address, or chose a bookmark. */
const OWN = ["same-origin", "none"];

/** A request with its method: `Request` of the web, Node's or Express's request. */
export interface Asked extends Headed {
  readonly method?: string | undefined;
}

/** The request comes from another site, or does not say where from; the answer to it is 403. */
export class CrossSite extends Error {
  readonly kind = "cross_site";

  constructor(readonly detail = "The request was not made by a page of this application.") {
    super(detail);
    this.name = "SojournError";
  }
}

/**
 * Throw `CrossSite` unless the request may change something.
 *
 * `GET`, `HEAD` and `OPTIONS` may come from anywhere, so they must not change anything. A WebSocket,
 * which begins as a `GET`, is checked. All else must come from
 *
 * - one of `trustedOrigins`, such as `https://admin.example.com`,
 * - or the same origin by `Sec-Fetch-Site`; another origin of the same site is another's,
 * - or, if a browser does not send that, an `Origin` whose host is that of `Host`.
 *
 * Behind a proxy that does not pass on `Host`, the application's own origin must be trusted.
 */
export function check(request: Asked, trustedOrigins: readonly string[]): void {
  if (SAFE.includes(request.method ?? "") && !opensWebSocket(request)) return;
  const origins = valuesOf(request, "origin");
  const [origin] = origins;
  if (origin !== undefined && origins.length === 1 && trustedOrigins.includes(origin)) return;
  const [site, ...others] = valuesOf(request, "sec-fetch-site");
  if (site !== undefined) {
    if (others.length > 0 || !OWN.includes(site)) throw new CrossSite();
    return;
  }
  if (origin === undefined) {
    throw new CrossSite("The request has neither Sec-Fetch-Site nor Origin, which browsers send.");
  }
  const hosts = valuesOf(request, "host");
  const host = hostOf(origin);
  const own = host !== null && hosts.length === 1 && hosts[0]?.toLowerCase() === host;
  if (origins.length > 1 || !own) throw new CrossSite();
}

function opensWebSocket(request: Asked): boolean {
  return valuesOf(request, "upgrade").some((each) => each.toLowerCase().includes("websocket"));
}

/** Host and port, as they are written; null for `null` and what is no origin. */
function hostOf(origin: string): string | null {
  return /^https?:\/\/([^/?#@\s]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}
