/**
 * When a request is sent again: a pure decision, within the deadline of the call.
 *
 * | answer | sent again |
 * |---|---|
 * | no answer, if the request is idempotent or never left | after a backoff |
 * | 429, 503 with `Retry-After` | after it, if the deadline allows; after 503 only if idempotent |
 * | 429, 502, 503, 504 without it | if the request is idempotent, after a backoff |
 * | 429 `too_many_attempts`, and every other answer | never |
 *
 * `GET`, `DELETE` and the validation of many tokens are idempotent. A login is not.
 */

const TRIES = 3;
const FIRST_BACKOFF = 0.1;
const TEMPORARY = [429, 502, 503, 504];

/** How a try ended. `status` is null if there was no answer; `sent` if one may have been due. */
export interface Outcome {
  readonly status: number | null;
  readonly retryAfter: number | null;
  readonly code: string | null;
  readonly sent: boolean;
}

/**
 * Seconds until the next try; null if there must be none.
 *
 * `attempt` counts from 0, `left` is the time left until the deadline, and `chance`, from 0 to 1,
 * spreads the backoffs of many clients.
 */
export function pause(
  outcome: Outcome,
  told: { attempt: number; idempotent: boolean; left: number; chance: number },
): number | null {
  if (told.attempt + 1 >= TRIES || !again(outcome, told.idempotent)) return null;
  const wait = outcome.retryAfter ?? FIRST_BACKOFF * 2 ** told.attempt * (1 + told.chance);
  return wait < told.left ? wait : null;
}

function again({ status, retryAfter, code, sent }: Outcome, idempotent: boolean): boolean {
  if (status === null) return idempotent || !sent;
  if (!TEMPORARY.includes(status) || code === "too_many_attempts") return false;
  // A login that is answered 503 may have begun a session all the same; 429 has done nothing.
  return idempotent || (status === 429 && retryAfter !== null);
}
