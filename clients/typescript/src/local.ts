/** Verify tokens by what this process knows, and ask the service for the rest. */

import { understood } from "./answers.js";
import type { Calls } from "./calls.js";
import { since } from "./clock.js";
import { type Accept, judged, type Policy, type Refuse, type Verdict } from "./decision.js";
import { Expired, InvalidToken, isSojournError, Refused, Unavailable } from "./errors.js";
import { Flights } from "./flights.js";
import type { Observe } from "./health.js";
import { keysOf, KeySet } from "./keys.js";
import { Lru } from "./lru.js";
import type { Session } from "./session.js";
import { expired, kidOf, type Verified, verify } from "./signature.js";
import { digest, LONGEST, read } from "./token.js";
import type { Verifier } from "./verifier.js";

const KEYS = "keys";
/** What may be under way when something is begun in the background. */
const BACKGROUND_MOST = 64;
const LATE = "The service did not answer in time.";

/** Nothing was learned. */
interface Failed {
  readonly kind: "failed";
  readonly error: Unavailable | Refused;
}

/** What a flight brought; null if it brought keys. */
type Outcome = Accept | Refuse | Failed | null;

interface Options {
  readonly maxStaleness: number;
  readonly size: number;
  readonly observe: Observe;
  /** Asks the service. */
  readonly ask: (text: string, token: Verified) => Promise<Verdict>;
  /** Called at each verification: it begins what runs beside. */
  readonly ensure?: () => void;
}

/** Verifies signatures locally, and decides by a policy. */
export class LocalVerifier implements Verifier {
  readonly #calls: Calls;
  readonly #policy: Policy;
  readonly #options: Options;
  readonly #flights: Flights<Outcome>;
  readonly #tokens: Lru<Verified>;
  #keys = new KeySet();
  #keysMissing = "";

  constructor(calls: Calls, policy: Policy, options: Options) {
    this.#calls = calls;
    this.#policy = policy;
    this.#options = options;
    this.#flights = new Flights(calls.clock, calls.timeout);
    this.#tokens = new Lru(options.size);
  }

  async verify(text: unknown, maxStaleness?: number): Promise<Session> {
    const within = this.#within(maxStaleness);
    this.#options.ensure?.();
    if (typeof text !== "string" || text.length > LONGEST) throw new InvalidToken();
    const token = await this.#verified(text);
    for (const shared of [true, true, false]) {
      const now = this.#calls.clock.now();
      if (expired(token, now.wall)) throw new Expired();
      const decision = this.#policy.decide(token, now, within);
      const ask = () => this.#ask(text, token, within);
      if (decision.kind === "accept") {
        if (decision.refresh) this.#inBackground(token.digest, ask);
        return decision.session;
      }
      if (decision.kind === "refuse") throw decision.error;
      const { outcome, mine } = await this.#got(shared && within > 0 ? token.digest : null, ask);
      // The answer to an earlier request counts only as far as the policy says.
      if (outcome?.kind === "accept" && mine) return outcome.session;
      if (outcome?.kind === "refuse" || outcome?.kind === "failed") throw outcome.error;
    }
    throw new Unavailable("The service's answers came too late.");
  }

  async prefetch(): Promise<void> {
    if (!this.#keys.failed) return;
    const { outcome } = await this.#got(KEYS, () => this.#fetchKeys());
    if (outcome?.kind === "failed") throw outcome.error;
  }

  forgetUser(userId: string): void {
    this.#policy.forgetUser(userId, this.#calls.clock.now());
  }

  /** What a token says, its signature checked once. Throws `InvalidToken`, `Unavailable`. */
  async #verified(text: string): Promise<Verified> {
    const hashed = await digest(text);
    const known = this.#tokens.get(hashed);
    if (known !== undefined) return known;
    const unverified = read(text, this.#calls.realmId);
    const kid = kidOf(unverified);
    const now = this.#calls.clock.now();
    const fetchKeys = () => this.#fetchKeys();
    const coming = this.#flights.alone ? this.#keys.failed : this.#flights.flies(KEYS);
    if (!this.#keys.keys.has(kid) && (coming || this.#keys.needs(kid, now))) {
      await this.#got(KEYS, fetchKeys);
    } else if (this.#keys.ages(now)) {
      if (this.#flights.alone) await fetchKeys();
      else this.#inBackground(KEYS, fetchKeys);
    }
    const key = this.#keys.keys.get(kid);
    if (key === undefined && this.#keys.failed) {
      throw new Unavailable(`The realm's keys cannot be fetched. ${this.#keysMissing}`);
    }
    if (key === undefined) throw new InvalidToken();
    const token = await verify(unverified, key, this.#calls.realmId);
    this.#tokens.set(hashed, token);
    return token;
  }

  #within(maxStaleness: number | undefined): number {
    if (maxStaleness === undefined) return this.#options.maxStaleness;
    if (!(maxStaleness >= 0)) throw new RangeError("maxStaleness must be 0 seconds or more.");
    return Math.min(maxStaleness, this.#options.maxStaleness);
  }

  /** Ask the service, and remember what it says. */
  async #ask(text: string, token: Verified, within: number): Promise<Outcome> {
    const { clock, timeout } = this.#calls;
    const began = clock.now();
    let verdict: Verdict;
    try {
      verdict = await this.#options.ask(text, token);
    } catch (error) {
      return failed(error);
    }
    const now = clock.now();
    this.#options.observe("asked", since(now, began));
    this.#policy.learn(token, verdict);
    const decision = judged(verdict, now, Math.max(within, timeout));
    return decision.kind === "ask" ? { kind: "failed", error: new Unavailable(LATE) } : decision;
  }

  /** Fetch the realm's keys. */
  async #fetchKeys(): Promise<Outcome> {
    this.#keys = this.#keys.trying(this.#calls.clock.now());
    try {
      const { reply, sent } = await this.#calls.keySet();
      const keys = await keysOf(understood(reply, false));
      if (keys === null) throw new Unavailable("The answer is not a key set: check baseUrl.");
      this.#keys = this.#keys.loaded(keys, sent);
      return null;
    } catch (error) {
      const outcome = failed(error);
      this.#keysMissing = outcome.error.message;
      return outcome;
    }
  }

  /** Wait for it. Requests with the same name share it; null shares with nobody. */
  async #got(
    name: string | null,
    work: () => Promise<Outcome>,
  ): Promise<{ outcome: Outcome; mine: boolean }> {
    if (name === null) return { outcome: await work(), mine: true };
    const late: Failed = { kind: "failed", error: new Unavailable(LATE) };
    return (await this.#flights.join(name, work)) ?? { outcome: late, mine: false };
  }

  /** Have it done without waiting, unless somebody does it already, or too much is under way. */
  #inBackground(name: string, work: () => Promise<Outcome>): void {
    if (this.#flights.alone) return; // it would be dropped
    if (this.#flights.flies(name) || this.#flights.count >= BACKGROUND_MOST) return;
    void this.#flights.join(name, work).catch(() => undefined);
  }
}

function failed(error: unknown): Failed {
  if (isSojournError(error) && (error.kind === "unavailable" || error.kind === "refused")) {
    return { kind: "failed", error };
  }
  throw error;
}
