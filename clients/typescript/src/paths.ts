/**
 * Texts of users and browsers as path segments.
 *
 * API Gateway decodes a path before it routes: `%2F` becomes a separator, and what follows an encoded
 * `?` or `#` is cut off. So a text such as `../users/usr_…`, typed into a login form or sent as the id
 * of a device, would reach another route with the application's access key. No name and no id has such
 * characters, so it is refused here as the service refuses what it does not know.
 */

import { Refused } from "./errors.js";

/** Characters of a username or email: 254, of each of which Unicode may make four. */
const LONGEST_NAME = 1_016;
const NAME = /^[^/?#%\\\x00-\x1f\x7f\ud800-\udfff]+$/u;
/** Nothing but a name that a path cannot have, and white space, which the service ignores. */
const DOTS = /^[\s\x85]*\.{0,2}[\s\x85]*$/;
const SESSION = /^kss_[0-9A-Za-z]{54}$/;

/** A username, an email or a user's id. Throws `Refused` as for an unknown user. */
export function nameSegment(name: unknown): string {
  if (
    typeof name !== "string" ||
    [...name].length > LONGEST_NAME ||
    !NAME.test(name) ||
    DOTS.test(name)
  ) {
    const detail = "The user does not exist, the password is wrong, or the user is inactive.";
    throw new Refused({ status: 422, code: "credential_wrong", detail }, 422);
  }
  return encodeURIComponent(name);
}

/** A session's id. Throws `Refused` as for an unknown session. */
export function sessionSegment(sessionId: unknown): string {
  if (typeof sessionId !== "string" || !SESSION.test(sessionId)) {
    const detail = "Nothing with this id was found.";
    throw new Refused({ status: 404, code: "not_found", detail }, 404);
  }
  return sessionId;
}
