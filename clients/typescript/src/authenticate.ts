/** Begin a session on a browser's behalf, with the access key. */

import { expected } from "./answers.js";
import type { Calls } from "./calls.js";
import { nameSegment } from "./paths.js";
import { type Begun, begunOf } from "./session.js";

/** A browser's user who logs in. */
export interface Authenticate {
  /** A username, an email or an id. */
  user: string;
  password: string;
  /** The browser's address. Failed logins count against it, and the list of sessions shows it. */
  ip?: string | undefined;
  /** The browser's User-Agent. */
  client?: string | undefined;
  /** The id of an active session to end in the same step. */
  replace?: string | undefined;
}

/** `POST /v1/users/{user}/authenticate`. Throws `Refused`, `Unavailable`. */
export async function authenticate(calls: Calls, login: Authenticate): Promise<Begun> {
  const { user, password, ip, client, replace } = login;
  const request = ip === undefined && client === undefined ? undefined : { ip, client };
  const path = `/v1/users/${nameSegment(user)}/authenticate`;
  return expected(begunOf(await calls.asServer("POST", path, { password, request, replace })));
}
