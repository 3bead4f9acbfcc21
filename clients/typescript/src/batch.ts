/** Validate tokens together: what comes while requests are under way goes with the next one. */

import type { Verdict } from "./decision.js";
import { isRejected, Unavailable } from "./errors.js";
import { GRACE, inTime, TOO_LATE } from "./flights.js";
import { many, MOST } from "./many.js";
import type { Verified } from "./signature.js";
import type { Validation } from "./validation.js";

/** Requests under way at one time. The first token goes at once, alone. */
const AT_ONCE = 4;

interface Waiting {
  readonly text: string;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: unknown) => void;
}

/** Collects tokens and validates up to 100 of them by one request. */
export class Batches {
  readonly #validation: Validation;
  #waiting: Waiting[] = [];
  #underWay = 0;

  constructor(validation: Validation) {
    this.#validation = validation;
  }

  /** What the service says of a token. Throws `Unavailable`, `Refused`. */
  async one(text: string, token: Verified): Promise<Verdict> {
    const asked = new Promise<Verdict>((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
    });
    if (this.#underWay < AT_ONCE) void this.#run();
    const verdict = await inTime(asked, this.#validation.calls.timeout + GRACE);
    if (verdict === TOO_LATE) throw new Unavailable("The service did not answer in time.");
    if (!isRejected(verdict.outcome) && verdict.outcome.id !== token.session.id) {
      throw new Unavailable("The answer is about another session than the one asked for.");
    }
    return verdict;
  }

  /** Validate what waits, until nothing does. */
  async #run(): Promise<void> {
    this.#underWay += 1;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MOST);
      try {
        const verdicts = await many(
          this.#validation,
          batch.map(({ text }) => text),
        );
        batch.forEach(({ resolve }, index) => resolve(verdicts[index] as Verdict));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#underWay -= 1;
  }
}
