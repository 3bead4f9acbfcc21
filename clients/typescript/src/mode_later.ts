/** A mode whose code is loaded apart from the client's. */

import { Unavailable } from "./errors.js";
import type { Machine, Make, Mode } from "./modes.js";

/** Begins to load with the client, and again for a verification after that failed. */
export function later(mode: Mode, load: () => Promise<Make>): Make {
  return (validation, options) => {
    let loading: Promise<Machine> | null = null;
    const machine = (): Promise<Machine> => {
      loading ??= load().then(
        (make) => make(validation, options),
        () => {
          loading = null;
          throw new Unavailable(`The code of the mode "${mode}" cannot be loaded.`);
        },
      );
      return loading;
    };
    machine().catch(() => undefined); // whoever verifies is told
    return {
      mode,
      verifier: {
        verify: async (text, within) => (await machine()).verifier.verify(text, within),
        prefetch: async () => (await machine()).verifier.prefetch(),
        // Without the code nothing is known of anybody.
        forgetUser: (userId) =>
          void loading?.then(
            ({ verifier }) => verifier.forgetUser(userId),
            () => undefined,
          ),
      },
    };
  };
}
