/** Mode "always": every verification asks the service, and an answer counts for that one alone. */

import { understood } from "./answers.js";
import { since } from "./clock.js";
import { judged } from "./decision.js";
import { Unavailable } from "./errors.js";
import type { Observe } from "./health.js";
import type { Session } from "./session.js";
import { read } from "./token.js";
import type { Validation } from "./validation.js";
import type { Verifier } from "./verifier.js";

/** Asks by the user's own token. Nothing is remembered, so there is nothing to forget. */
export class AlwaysVerifier implements Verifier {
  readonly #validation: Validation;
  readonly #observe: Observe;

  constructor(validation: Validation, observe: Observe) {
    this.#validation = validation;
    this.#observe = observe;
  }

  async verify(text: unknown): Promise<Session> {
    const { calls } = this.#validation;
    const token = read(text, calls.realmId);
    const began = calls.clock.now();
    const named = { sessionId: token.claims["sid"], userId: token.claims["sub"] };
    const verdict = await this.#validation.one(token.text, named);
    const now = calls.clock.now();
    this.#observe("asked", since(now, began));
    const decision = judged(verdict, now, calls.timeout);
    if (decision.kind === "accept") return decision.session;
    if (decision.kind === "refuse") throw decision.error;
    throw new Unavailable("The service did not answer in time.");
  }

  /** Nothing is kept, but whether the service and the realm are there is known early. */
  async prefetch(): Promise<void> {
    understood((await this.#validation.calls.keySet()).reply, false);
  }

  forgetUser(): void {
    // Nothing is known of anybody.
  }
}
