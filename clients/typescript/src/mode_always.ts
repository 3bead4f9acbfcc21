/** What mode "always" is made of. */

import { AlwaysVerifier } from "./always.js";
import type { Make } from "./modes.js";

export const always: Make = (validation, { observe }) => ({
  mode: "always",
  verifier: new AlwaysVerifier(validation, observe),
});
