// What a page in TypeScript may write of the elements; it is only compiled.
import { SojournExpiry, SojournLogin, SojournSessions } from "@sojourn/elements";
import { SojournSessions as Alone, type Problem } from "@sojourn/elements/sessions.js";

const sessions: Alone = document.createElement("sojourn-sessions");
const login: SojournLogin = document.createElement("sojourn-login");
const expiry: SojournExpiry | null = document.querySelector("sojourn-expiry");
sessions.token = async () => "a token";
sessions.token = () => null;
// @ts-expect-error: a token is given by a function.
sessions.token = "a token";
export const loaded: Promise<void>[] = [sessions.refresh(), login.refresh()];
export const same: typeof SojournSessions = Alone;

document.addEventListener("sojourn-ended", ({ detail }) => {
  const problem: Problem = detail;
  // @ts-expect-error: no session ends for this reason.
  if (problem.reason === "boredom") return;
});
expiry?.addEventListener("sojourn-expiring", ({ detail: { expires_at } }) => expires_at.toFixed());
