/** Calls of the API: sent, sent again where that is safe, and understood, within a deadline. */

import { codeOf, retryAfter, understood } from "./answers.js";
import { type Clock, type Instant, since } from "./clock.js";
import { Unavailable } from "./errors.js";
import { type Outcome, pause } from "./retry.js";
import type { Body } from "./session.js";
import { read } from "./token.js";
import { NoReply, type Reply, type Transport } from "./transport.js";

/** An answer of any status, and when the request that it answers was sent. */
export interface Answered {
  readonly reply: Reply;
  readonly sent: Instant;
}

/** What a call sends. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Whether it may be sent again, as every `GET` and `DELETE` may. */
  readonly idempotent?: boolean;
}

/** Calls the API of one realm. A call takes at most `timeout` seconds, tries and waits included. */
export class Calls {
  readonly #transport: Transport;
  readonly #accessKey: string | undefined;

  constructor(
    transport: Transport,
    readonly realmId: string,
    readonly clock: Clock,
    readonly timeout: number,
    accessKey: string | undefined,
    readonly chance: () => number,
  ) {
    this.#transport = transport;
    this.#accessKey = accessKey;
  }

  /** A call with a login token. Throws a `Rejected`, `Refused`, `Unavailable`. */
  async asUser(token: unknown, method: string, path: string): Promise<Body> {
    const { text } = read(token, this.realmId);
    const headers = { authorization: `Bearer ${text}` };
    return understood((await this.ask({ method, path, headers })).reply, true);
  }

  /** A call with the access key. Throws `Refused`, `Unavailable`, `TypeError` without one. */
  async asServer(method: string, path: string, body?: unknown): Promise<Body> {
    const headers = this.keyHeaders();
    return understood((await this.ask({ method, path, headers, body })).reply, false);
  }

  /** A call without a credential. Throws `Refused`, `Unavailable`. */
  async asNobody(method: string, path: string, body: unknown): Promise<Body> {
    return understood((await this.ask({ method, path, body })).reply, false);
  }

  /** The answer to a question for the realm's public keys. Throws `Unavailable`. */
  keySet(): Promise<Answered> {
    return this.ask({ method: "GET", path: `/v1/realms/${this.realmId}/.well-known/jwks.json` });
  }

  /** The headers of a server's call. Throws `TypeError` if there is no access key. */
  keyHeaders(): Record<string, string> {
    if (this.#accessKey === undefined) {
      throw new TypeError("This call needs an access key: createSojourn({accessKey, …}).");
    }
    return { authorization: `Bearer ${this.#accessKey}`, "authrocket-realm": this.realmId };
  }

  /** The answer, of any status, to the last try. Throws `Unavailable`. */
  async ask({ method, path, headers = {}, body, idempotent = false }: Call): Promise<Answered> {
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const request = {
      method,
      path,
      headers: { ...headers, ...json },
      body: body === undefined ? null : JSON.stringify(body),
    };
    const safe = idempotent || method === "GET" || method === "DELETE";
    const began = this.clock.now();
    for (let attempt = 0; ; attempt += 1) {
      const sent = this.clock.now();
      const left = this.timeout - since(sent, began);
      if (left <= 0) throw new Unavailable("The service did not answer in time.");
      const found = await this.#transport(request, left).catch(lost);
      const wait = pause(outcomeOf(found), {
        attempt,
        idempotent: safe,
        left: this.timeout - since(this.clock.now(), began),
        chance: this.chance(),
      });
      if (wait !== null) {
        await this.clock.sleep(wait);
        continue;
      }
      if (found instanceof NoReply) throw new Unavailable(found.message);
      return { reply: found, sent };
    }
  }
}

function lost(error: unknown): NoReply {
  if (error instanceof NoReply) return error;
  throw error;
}

function outcomeOf(found: Reply | NoReply): Outcome {
  if (found instanceof NoReply) {
    return { status: null, retryAfter: null, code: null, sent: found.sent };
  }
  return { status: found.status, retryAfter: retryAfter(found), code: codeOf(found), sent: true };
}
