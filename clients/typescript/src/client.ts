/** The client of one realm. */

import { Calls } from "./calls.js";
import { type Clock, systemClock } from "./clock.js";
import { guarded, type Health, type Observe, observed } from "./health.js";
import { type End, type List, type Login, Manage } from "./manage.js";
import type { Machine, Make, Mode } from "./modes.js";
import { type Begun, isNumber, isString, type Session } from "./session.js";
import { type Fetch, type Sending, transport } from "./transport.js";
import { Validation } from "./validation.js";

const CACHE_SIZE = 10_000;
const TIMEOUT = 5;
const REALM = /^rl_[0-9A-Za-z]+$/;
const KEY = /^ks_[0-9A-Za-z_-]+$/;

/** What a client is made of. Times are in seconds. */
export interface SojournOptions {
  /** The stack's URL. It must be https, unless it is the loopback's. */
  baseUrl: string;
  /** Tokens of other realms are `InvalidToken`. */
  realmId: string;
  /**
   * How a verification knows that a session was not ended.
   *
   * - "always", the default, asks the service each time: an ended session is refused at once.
   * - "cached" remembers a positive answer for up to `maxStaleness` seconds.
   * - "feed" polls what ended, and asks for each session once. It needs an access key with `read`.
   *
   * With the last two, a request that comes `maxStaleness` seconds after the end or later is refused.
   */
  mode?: Mode | undefined;
  /**
   * A server's key, `ks_…`. `authenticate`, `validateMany`, and `sessions` without a token need it.
   * A browser must never have it.
   */
  accessKey?: string | undefined;
  /**
   * By default 300 for "cached" (where the realm's `max_staleness_seconds` counts too, if it is
   * less), and 10 for "feed".
   */
  maxStaleness?: number | undefined;
  /** Sessions that are remembered: as many as are active, by default 10,000. */
  cacheSize?: number | undefined;
  /** How long a call may take, with its retries: by default 5. */
  timeout?: number | undefined;
  /** Called with what happens, for metrics. */
  observe?: Observe | undefined;
  /** In place of the runtime's own `fetch`. */
  fetch?: Fetch | undefined;
}

/** For one request: seconds, at most the client's own; 0 asks the service. */
export interface VerifyOptions {
  maxStaleness?: number | undefined;
}

/** What a runtime gives a client. */
export interface Runtime {
  readonly modes: Partial<Record<Mode, Make>>;
  readonly sending: Sending;
  readonly clock?: Clock;
  readonly chance?: () => number;
}

/**
 * Verifies login tokens of one realm, and begins, lists and ends sessions.
 *
 * One client serves a whole process. An error of the network is never taken for a yes: it is thrown as
 * `Unavailable`.
 */
export class Client {
  readonly realmId: string;
  readonly sessions: Sessions;
  readonly #manage: Manage;
  readonly #machine: Machine;
  readonly #observe: Observe;

  /** Not for applications: `createSojourn` makes a client. */
  constructor({ calls, machine, observe }: Parts) {
    this.realmId = calls.realmId;
    this.#manage = new Manage(calls);
    this.#machine = machine;
    this.#observe = observe;
    this.sessions = new Sessions(this.#manage, machine);
  }

  /**
   * The session of a login token, with its user.
   *
   * `maxStaleness` is for this request: seconds, at most the client's own; 0 asks the service.
   *
   * Throws `InvalidToken`, `Expired`, `Terminated` if the token is not accepted, and `Unavailable` if
   * the service must be asked and does not answer.
   */
  verify(token: string, { maxStaleness }: VerifyOptions = {}): Promise<Session> {
    return observed(this.#observe, this.#machine.verifier.verify(token, maxStaleness));
  }

  /**
   * Begin a session by password, or by API key; the session has its `token`.
   *
   * For pages, for programs on a user's own machine, and for machines: the service records the address
   * of this connection. A web application's server calls `authenticate`. Throws `Refused`:
   * `login_failed`, `session_limit`, `too_many_attempts` with `retryAfter`, `invalid`. After
   * `Unavailable` a session may have begun.
   */
  login(login: Login): Promise<Begun> {
    return this.#manage.login(login);
  }

  /**
   * Have at hand what verifications need, so that the first request need not wait.
   *
   * It is not needed: the first verification does the same. Throws `Unavailable` if the service cannot
   * be reached, and `Refused` if there is no such realm, or the access key may not read its feed.
   */
  async prefetch(): Promise<void> {
    const { verifier, poller } = this.#machine;
    await Promise.all([poller?.ready(), verifier.prefetch()]);
  }

  /** The state of the client: in mode "feed", whether the feed is fresh. Asks nobody. */
  health(): Health {
    const { mode, poller } = this.#machine;
    const none = { mode, fresh: false, staleness: null, polling: false, failures: 0, error: null };
    return poller?.health() ?? none;
  }

  /** Stop polling. A later verification begins anew. */
  close(): void {
    this.#machine.poller?.close();
  }
}

/** A realm's sessions. Each method throws `Refused` and `Unavailable`; with a token a `Rejected`. */
class Sessions {
  readonly #manage: Manage;
  readonly #machine: Machine;

  constructor(manage: Manage, machine: Machine) {
    this.#manage = manage;
    this.#machine = machine;
  }

  /**
   * A user's sessions, newest first: `{token}` the token's user's, `{userId}` by the access key.
   *
   * With `state: "ended"` those that ended before they expired, with `reason` and `endedAt`.
   */
  list(list: List): Promise<Session[]> {
    return this.#manage.sessions(list);
  }

  /**
   * End a session for good. Ending an ended session is no error.
   *
   * - `{token}` logs out: it ends the token's own session.
   * - `{token, sessionId}` ends another session of the token's user, and no one else's: use it for "end
   *   that device".
   * - `{sessionId}` ends any session of the realm. It needs an access key with `write`, and the caller
   *   must know that whoever asked for it may.
   */
  async end(end: End): Promise<void> {
    this.#machine.verifier.forgetUser(await this.#manage.end(end));
  }

  /** End all sessions of the token's user but its own. */
  async endOthers(token: string): Promise<void> {
    this.#machine.verifier.forgetUser(await this.#manage.endOthers(token));
  }
}

/** What a client is made of. */
export interface Parts {
  readonly calls: Calls;
  readonly validation: Validation;
  readonly machine: Machine;
  readonly observe: Observe;
}

/** The parts of a client. Throws `TypeError` and `RangeError` for options that cannot be. */
export function parts(options: SojournOptions, runtime: Runtime): Parts {
  const { realmId, mode = "always", accessKey, maxStaleness } = options;
  const { cacheSize = CACHE_SIZE, timeout = TIMEOUT } = options;
  const made = Object.hasOwn(runtime.modes, mode) ? runtime.modes[mode] : undefined;
  check(made, `mode must be ${Object.keys(runtime.modes).join(" or ")}.`);
  check(isString(realmId) && REALM.test(realmId), "realmId must look like rl_….");
  check(
    accessKey === undefined || (isString(accessKey) && KEY.test(accessKey)),
    "accessKey must look like ks_…, without white space around it.",
  );
  check(mode !== "feed" || accessKey, 'mode "feed" needs an accessKey with the permission read.');
  check(
    [cacheSize, timeout, maxStaleness ?? 1].every(isNumber) && timeout < Infinity,
    "cacheSize, timeout and maxStaleness are numbers.",
  );
  check(
    maxStaleness === undefined || (mode !== "always" && maxStaleness > 0),
    'maxStaleness is more than 0 seconds, and for the modes "cached" and "feed".',
  );
  check(cacheSize >= 1 && timeout > 0, "cacheSize is 1 or more, and timeout more than 0.");
  const observe = guarded(options.observe);
  const sends = transport(options.baseUrl, { ...runtime.sending, fetch: options.fetch ?? runtime.sending.fetch });
  const { clock = systemClock, chance = Math.random } = runtime;
  const calls = new Calls(sends, realmId, clock, timeout, accessKey, chance);
  const validation = new Validation(calls);
  const machine = made(validation, { maxStaleness, cacheSize, observe });
  return { calls, validation, machine, observe };
}

function check(holds: unknown, detail: string): asserts holds {
  if (!holds) throw new TypeError(detail);
}
