/**
 * A login form, a protected page and "your devices" with Hono, on Node.
 *
 * Set BASE_URL, REALM_ID, ACCESS_KEY and PORT; compile with tsc; then: node app.js
 */
import { serve } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { createSojourn, isSojournError } from "@sojourn/client";
import { SessionCookie, sojournAuth } from "@sojourn/client/hono";
import { Hono } from "hono";
import { html } from "hono/html";

const { BASE_URL = "", REALM_ID = "", ACCESS_KEY = "", PORT } = process.env;
const sojourn = createSojourn({ baseUrl: BASE_URL, realmId: REALM_ID, accessKey: ACCESS_KEY });
const auth = sojournAuth(sojourn, {
  cookie: new SessionCookie(),
  onRefusal: ({ body }, c) => c.html(loginForm(String(body["detail"]))),
});
const app = new Hono();

app.post("/login", async (c) => {
  const { user, password } = await c.req.parseBody();
  const ip = getConnInfo(c).remote.address;
  await auth.logIn(c, { user: String(user), password: String(password), ip });
  return c.redirect("/", 303);
});

app.get("/", auth.required, async (c) => {
  const { id, userId, user } = c.var.session;
  const sessions = await sojourn.sessions.list({ userId });
  const devices = sessions.map((each) => {
    const button = html`<button>${each.id === id ? "Log out" : "End"}</button>`;
    return html`${each.request?.client ?? "?"}${form(`/end/${each.id}`, button)}`;
  });
  c.header("Cache-Control", "no-store");
  return c.html(
    html`<h1>Hello ${user?.username}</h1>
      Your devices:${devices}`,
  );
});

app.post("/end/:id", auth.required, async (c) => {
  await sojourn.sessions.end({ token: c.var.token, sessionId: c.req.param("id") });
  return c.redirect("/", 303);
});

app.onError(async (error, c) => {
  if (!isSojournError(error) || error.kind !== "refused") return auth.refused(error, c);
  return c.html(loginForm(error.detail), 401); // such as a wrong password
});
serve({ fetch: app.fetch, port: Number(PORT), hostname: "127.0.0.1" });

function loginForm(why: string) {
  const fields = html`<input name="user" required /><input
      name="password"
      type="password"
      required
    />`;
  return html`${why}${form("/login", html`${fields}<button>Log in</button>`)}`;
}

function form(action: string, inner: unknown) {
  return html`<form method="post" action="${action}">${inner}</form>`;
}
