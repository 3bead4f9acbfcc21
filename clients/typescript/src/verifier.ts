/** Verifies a token in some mode. */

import type { Session } from "./session.js";

export interface Verifier {
  /** Throws a `Rejected`, `Refused`, `Unavailable`. */
  verify(text: unknown, maxStaleness?: number): Promise<Session>;
  /** Have at hand what verifications need. Throws `Refused`, `Unavailable`. */
  prefetch(): Promise<void>;
  /** Ask again for each session of a user: some of them were ended here. */
  forgetUser(userId: string): void;
}
