/**
 * A login form, a protected page and "your devices" with Express.
 *
 * Set BASE_URL, REALM_ID, ACCESS_KEY and PORT; compile with tsc; then: node app.js
 */
import { createSojourn, isSojournError } from "@sojourn/client";
import { SessionCookie, sojournAuth } from "@sojourn/client/express";
import express, { type NextFunction, type Request, type Response } from "express";

const { BASE_URL = "", REALM_ID = "", ACCESS_KEY = "", PORT } = process.env;
const sojourn = createSojourn({ baseUrl: BASE_URL, realmId: REALM_ID, accessKey: ACCESS_KEY });
const auth = sojournAuth<Request, Response>(sojourn, {
  cookie: new SessionCookie(),
  onRefusal: ({ body }, _, response) => response.send(loginForm(String(body["detail"]))),
});
const app = express();
app.use(express.urlencoded({ extended: false }));

app.post("/login", async (request, response) => {
  const { user, password } = request.body;
  await auth.logIn(request, response, { user, password });
  response.redirect(303, "/");
});

app.get("/", auth.required, async (request, response) => {
  const { id, userId, user } = auth.session(request);
  let page = `<h1>Hello ${escaped(user?.username)}</h1>Your devices:`;
  for (const each of await sojourn.sessions.list({ userId })) {
    const button = `<button>${each.id === id ? "Log out" : "End"}</button>`;
    page += `${escaped(each.request?.client)}${form(`/end/${each.id}`, button)}`;
  }
  response.set("Cache-Control", "no-store").send(page);
});

app.post("/end/:id", auth.required, async (request, response) => {
  await sojourn.sessions.end({
    token: auth.token(request),
    sessionId: String(request.params["id"]),
  });
  response.redirect(303, "/");
});

app.use(auth.refused);
app.use((error: unknown, _: Request, response: Response, next: NextFunction) => {
  if (!isSojournError(error)) return next(error);
  response.status(401).send(loginForm(error.detail)); // such as a wrong password
});
app.listen(Number(PORT), "127.0.0.1");

function loginForm(why: string): string {
  const fields = "<input name=user required><input name=password type=password required>";
  return escaped(why) + form("/login", `${fields}<button>Log in</button>`);
}

function form(action: string, inner: string): string {
  return `<form method=post action='${action}'>${inner}</form>`;
}

function escaped(text: string | null | undefined): string {
  const known: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  return (text ?? "?").replace(/[&<>]/g, (character) => known[character] ?? "");
}
