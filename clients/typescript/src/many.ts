/** Ask the service about many tokens at once, with the access key. */

import { notSojourn, understood } from "./answers.js";
import type { Verdict } from "./decision.js";
import { InvalidToken } from "./errors.js";
import { LONGEST } from "./token.js";
import type { Validation } from "./validation.js";

/** Tokens of one request, as the API allows. */
export const MOST = 100;
/** Characters of tokens in one request: the API takes bodies of 256 KiB. */
const ROOM = 240_000;
const SENDABLE = /^[\x20-\x7e]*$/;

/**
 * `POST /v1/sessions/validate`, in batches; what it says of each token, in the same order.
 *
 * Throws `Unavailable`, `Refused`, `TypeError` without an access key.
 */
export async function many(validation: Validation, tokens: readonly string[]): Promise<Verdict[]> {
  const sent = validation.calls.clock.now();
  const found = new Map<string, Verdict>();
  for (const batch of batches([...new Set(tokens)].filter(sendable))) {
    const verdicts = await asked(validation, batch);
    batch.forEach((text, index) => found.set(text, verdicts[index] as Verdict));
  }
  const invalid = () => ({ outcome: new InvalidToken(), sent, revalidateAfter: 0 });
  return tokens.map((text) => found.get(text) ?? invalid());
}

async function asked(validation: Validation, tokens: readonly string[]): Promise<Verdict[]> {
  const { reply, sent } = await validation.calls.ask({
    method: "POST",
    path: "/v1/sessions/validate",
    headers: validation.calls.keyHeaders(),
    body: { tokens },
    idempotent: true,
  });
  const told = understood(reply, false)["collection"];
  if (!Array.isArray(told) || told.length !== tokens.length) throw notSojourn();
  return told.map((each: unknown) => validation.verdict(each, sent));
}

function sendable(text: unknown): boolean {
  return typeof text === "string" && text.length <= LONGEST && SENDABLE.test(text);
}

function batches(tokens: readonly string[]): string[][] {
  const found: string[][] = [];
  let batch: string[] = [];
  let room = 0;
  for (const text of tokens) {
    const size = JSON.stringify(text).length + 2;
    if (room < size || batch.length === MOST) {
      found.push((batch = []));
      room = ROOM;
    }
    batch.push(text);
    room -= size;
  }
  return found;
}
