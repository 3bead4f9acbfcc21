/** Begin, list and end sessions: the calls behind the methods of a client. */

import { expected, notSojourn } from "./answers.js";
import type { Calls } from "./calls.js";
import { Unavailable } from "./errors.js";
import { sessionSegment } from "./paths.js";
import { type Begun, begunOf, type Body, type Session, sessionOf, userOf } from "./session.js";
import { read } from "./token.js";

const PAGE = 100;

/** Who logs in, and by what: a password, or an API key. */
export type Login =
  | { username: string; password: string; replace?: string | undefined }
  | { email: string; password: string; replace?: string | undefined }
  | { apiKey: string };

/** Whose sessions: a user's by the access key, or the token's own. */
export type List = ({ token: string } | { userId: string }) & {
  state?: "active" | "ended" | undefined;
};

/** Which session ends: the token's own, another one of its user's, or by the access key any one. */
export type End = { token: string; sessionId?: string } | { sessionId: string };

/** Each method throws `Refused` and `Unavailable`; with a user's token also a `Rejected`. */
export class Manage {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** `POST /v1/login`. */
  async login(login: Login): Promise<Begun> {
    const { apiKey, ...others } = login as Login & { apiKey?: string };
    const told = { ...others, realm_id: this.#calls.realmId, api_key: apiKey };
    return expected(begunOf(await this.#calls.asNobody("POST", "/v1/login", told)));
  }

  /** `GET /v1/sessions`, all pages. */
  async sessions(list: List): Promise<Session[]> {
    const { token, userId, state = "active" } = chosen(list, "token", "userId");
    if ((token === undefined) === (userId === undefined)) {
      throw new TypeError("sessions.list() needs a userId or a token, and not both.");
    }
    const found: Session[] = [];
    for (let last: string | undefined; ;) {
      const query = new URLSearchParams({ state, max_results: String(PAGE) });
      if (userId !== undefined) query.set("user_id", userId);
      if (last !== undefined) query.set("after", last);
      const path = `/v1/sessions?${query}`;
      const body =
        token === undefined
          ? await this.#calls.asServer("GET", path)
          : await this.#calls.asUser(token, "GET", path);
      const page = collection(body);
      found.push(...page);
      if (body["more_results"] !== true) return found;
      const next = page.at(-1)?.id;
      if (next === undefined || next === last) {
        throw new Unavailable("The service answered the same page again.");
      }
      last = next;
    }
  }

  /** `DELETE /v1/session` or `DELETE /v1/sessions/{id}`; returns the user's id. */
  async end(end: End): Promise<string> {
    const { token, sessionId } = chosen(end, "token", "sessionId");
    const path =
      sessionId === undefined ? "/v1/session" : `/v1/sessions/${sessionSegment(sessionId)}`;
    if (token !== undefined) await this.#calls.asUser(token, "DELETE", path);
    else if (sessionId !== undefined) await this.#calls.asServer("DELETE", path);
    else throw new TypeError("sessions.end() needs a sessionId, a token, or both.");
    return sessionId === undefined ? this.#user(token) : userOf(sessionId);
  }

  /** `DELETE /v1/sessions?scope=others`; returns the user's id. */
  async endOthers(token: string): Promise<string> {
    await this.#calls.asUser(token, "DELETE", "/v1/sessions?scope=others");
    return this.#user(token);
  }

  #user(token: unknown): string {
    return String(read(token, this.#calls.realmId).claims["sub"]);
  }
}

/**
 * Options, each of them as one that may be absent. One that was given must be text: with a token that
 * is undefined by mistake, the access key would do what the user may not.
 */
function chosen<T extends object>(
  told: T,
  ...names: string[]
): Partial<Record<"token" | "userId" | "sessionId", string>> & { state?: "active" | "ended" | undefined } {
  for (const name of names) {
    if (name in told && typeof (told as Body)[name] !== "string") {
      throw new TypeError(`${name} must be a string, or absent.`);
    }
  }
  return told;
}

function collection(body: Body): Session[] {
  const found = body["collection"];
  if (!Array.isArray(found)) throw notSojourn();
  return found.map((each: unknown) => expected(sessionOf(each)));
}
