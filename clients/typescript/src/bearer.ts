/** The login token of a request, whatever the framework. */

import { InvalidToken, TokenMissing } from "./errors.js";
import { type Headed, valuesOf } from "./headers.js";

/**
 * The token of `Authorization: Bearer …`. Throws `TokenMissing`, `InvalidToken`.
 *
 * Two credentials are refused, also if a gateway joined them by a comma.
 */
export function bearerToken(request: Headed): string {
  const [found, ...more] = valuesOf(request, "authorization");
  if (found === undefined) throw new TokenMissing();
  if (more.length > 0 || found.includes(",")) {
    throw new InvalidToken("Two Authorization headers came; send one.");
  }
  const [, scheme = "", token = ""] = /^([^ ]*) ?(.*)$/s.exec(found) ?? [];
  if (scheme.toLowerCase() !== "bearer" || !token.trim()) throw new TokenMissing();
  return token.trim();
}
