/**
 * A login form, a protected page and "your devices" as a Lambda function, with Powertools.
 *
 * For an HTTP API or a function URL. It reads BASE_URL, REALM_ID and ACCESS_KEY.
 */
import { Router } from "@aws-lambda-powertools/event-handler/http";
import { createSojourn, isSojournError } from "@sojourn/client";
import { SessionCookie, type SojournEnv, sojournAuth } from "@sojourn/client/powertools";
import type { Context } from "aws-lambda";

const { BASE_URL = "", REALM_ID = "", ACCESS_KEY = "" } = process.env;
const sojourn = createSojourn({ baseUrl: BASE_URL, realmId: REALM_ID, accessKey: ACCESS_KEY });
const auth = sojournAuth(sojourn, {
  cookie: new SessionCookie(),
  onRefusal: ({ body }) => html(loginForm(String(body["detail"]))),
});
const app = new Router<SojournEnv>();
export const handler = (event: unknown, context: Context) => app.resolve(event, context);

app.post("/login", async ({ req, event }) => {
  const form = new URLSearchParams(await req.text());
  const [user, password] = [form.get("user") ?? "", form.get("password") ?? ""];
  try {
    const { answer } = await auth.logIn({ req, event }, home(), { user, password });
    return answer;
  } catch (error) {
    if (!isSojournError(error) || error.kind !== "refused") return auth.refused(error);
    return html(loginForm(error.detail), 401); // such as a wrong password
  }
});

app.get("/", [auth.required], async ({ get }) => {
  const session = get("session");
  if (session === undefined) throw new TypeError("required lets nobody in without one");
  let page = `<h1>Hello ${escaped(session.user?.username)}</h1>Your devices:`;
  for (const each of await sojourn.sessions.list({ userId: session.userId })) {
    const button = `<button>${each.id === session.id ? "Log out" : "End"}</button>`;
    page += escaped(each.request?.client) + form(`/end/${each.id}`, button);
  }
  return html(page);
});

app.post("/end/:id", [auth.required], async ({ get, params }) => {
  await sojourn.sessions.end({ token: get("token") ?? "", sessionId: params["id"] ?? "" });
  return home();
});

function home(): Response {
  return new Response(null, { status: 303, headers: { Location: "/" } });
}

function html(page: string, status = 200): Response {
  const headers = { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" };
  return new Response(page, { status, headers });
}

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
