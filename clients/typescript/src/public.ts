/** What every build of the client gives. */

export type { SojournOptions, VerifyOptions } from "./client.js";
export {
  type Ending,
  Expired,
  InvalidToken,
  isRejected,
  isSojournError,
  Refused,
  type Rejected,
  type SojournError,
  Terminated,
  TokenMissing,
  Unavailable,
} from "./errors.js";
export type { Event, Health, Observe } from "./health.js";
export type { End, List, Login } from "./manage.js";
export type { Mode } from "./modes.js";
export type { Begun, Origin, Session, User } from "./session.js";
export type { Fetch } from "./transport.js";
