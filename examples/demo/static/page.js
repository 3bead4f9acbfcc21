import "/elements/index.js";

const WHY = {
  session_expired: "it has expired",
  logout: "you logged out",
  terminated_by_user: "it was ended from another device",
  terminated_by_admin: "an administrator ended it",
  evicted: "it gave way to a newer session, as the oldest of ten",
  replaced: "another device took its place",
  password_changed: "the password was changed",
  user_disabled: "the user was disabled",
  realm_ended: "all sessions were ended",
};
const SECONDS = 2;

const find = (selector) => document.querySelector(selector);
const [why, told, account] = ["#why", "#told", "#account"].map(find);
const [expiry, login, sessions] = ["expiry", "login", "sessions"].map((name) => find(`sojourn-${name}`));

function show(loggedIn, text = "") {
  login.hidden = loggedIn;
  account.hidden = !loggedIn;
  why.textContent = text;
  told.textContent = "";
}

// The application, and never the service, is asked whether the session stands.
setInterval(() => login.hidden && expiry.refresh(), SECONDS * 1000);

document.addEventListener("sojourn-login", () => {
  show(true);
  sessions.refresh();
});
document.addEventListener("sojourn-ended", ({ detail: { code, reason } }) => {
  if (!login.hidden) return;
  login.refresh();
  const known = WHY[reason ?? code];
  show(false, code == "token_missing" ? "" : `Your session has ended: ${known ?? "log in again"}.`);
});
document.addEventListener("sojourn-renew", () => {
  login.refresh();
  show(false);
});

// What `path` answers; undefined if it refuses, which the next question of `expiry` explains.
async function post(path) {
  const response = await fetch(path, { method: "POST" });
  if (!response.ok) return expiry.refresh();
  return response.status == 204 || response.json();
}

// Whoever loads the page again is still logged in, unless the list was refused.
sessions.refresh().then(() => login.hidden && show(true));

find("#others").addEventListener("click", async ({ target }) => {
  target.disabled = true;
  told.textContent = "Logging in …";
  const done = await post("/demo/others");
  target.disabled = false;
  if (!done) return;
  told.textContent =
    done.before < 10
      ? `${done.logins} logins: ten sessions now. The next login ends the oldest.`
      : "An eleventh login: there are still ten sessions, and the oldest has ended.";
  sessions.refresh();
});
find("#reload").addEventListener("click", () => sessions.refresh());
find("#logout").addEventListener("click", async () => {
  if (!(await post("/account/logout"))) return;
  login.refresh();
  show(false, "You have logged out.");
  expiry.refresh();
});
