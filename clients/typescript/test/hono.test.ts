import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { sojournAuth } from "../src/hono.js";
import { BASE, Service, token } from "./service.js";

test("a request is let in by its token, and its session is the route's", async () => {
  const auth = sojournAuth(new Service().client());
  const app = new Hono().get("/", auth.required, (c) =>
    c.text(`${c.var.session.id} ${c.var.token}`),
  );
  const headers = { authorization: `Bearer ${token()}` };
  const answer = await app.request(BASE, { headers });
  assert.equal((await answer.text()).split(" ")[1], token());
});

test("others are answered by a problem document, or as the application says", async () => {
  const service = new Service();
  let reached = false;
  const route = (auth: ReturnType<typeof sojournAuth>) =>
    new Hono().get("/", auth.required, (c) => c.text(String((reached = true))));
  const refused = await route(sojournAuth(service.client())).request(BASE);
  assert.deepEqual(
    [refused.status, refused.headers.get("content-type"), refused.headers.get("www-authenticate")],
    [401, "application/problem+json", "Bearer"],
  );
  assert.equal(((await refused.json()) as { code: string }).code, "token_missing");
  const own = sojournAuth(service.client(), {
    onRefusal: ({ status }, c) => c.html(`<p>${status}`),
  });
  const page = await route(own).request(BASE);
  assert.deepEqual([page.status, await page.text()], [401, "<p>401"]);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  assert.equal(page.headers.get("cache-control"), "no-store");
  assert.equal(reached, false);
});

test("a mistake of the application's own is no refusal", async () => {
  const auth = sojournAuth(new Service().client());
  const app = new Hono().get("/", () => {
    throw new TypeError("a mistake");
  });
  app.onError(auth.refused);
  await assert.rejects(async () => app.request(BASE), TypeError);
});
