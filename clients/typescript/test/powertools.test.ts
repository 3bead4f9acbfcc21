import assert from "node:assert/strict";
import { test } from "node:test";
import { Router } from "@aws-lambda-powertools/event-handler/http";
import { type PowertoolsOptions, type SojournEnv, sojournAuth } from "../src/powertools.js";
import { Service, token } from "./service.js";

interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** What a function answers to a request of an HTTP API. */
async function answered(
  headers: Record<string, string>,
  options?: PowertoolsOptions,
): Promise<Answer> {
  const auth = sojournAuth(new Service().client(), options);
  const app = new Router<SojournEnv>();
  app.get("/me", [auth.required], ({ get }) => ({
    id: get("session")?.id ?? null,
    same: get("token") === token(),
  }));
  const http = {
    method: "GET",
    path: "/me",
    protocol: "HTTP/1.1",
    sourceIp: "203.0.113.9",
    userAgent: "",
  };
  const requestContext = { http, domainName: "app.example", stage: "$default", requestId: "1" };
  const more = { routeKey: "$default", rawQueryString: "", isBase64Encoded: false };
  const event = { version: "2.0", rawPath: "/me", headers, requestContext, ...more };
  return (await app.resolve(event, {} as never)) as unknown as Answer;
}

test("a request is let in by its token, and its session is in the request's store", async () => {
  const { statusCode, body } = await answered({ authorization: `Bearer ${token()}` });
  assert.deepEqual([statusCode, JSON.parse(body).same], [200, true]);
});

test("others are answered by a problem document, or as the application says", async () => {
  const refused = await answered({ authorization: "Bearer garbage" });
  assert.equal(refused.statusCode, 401);
  assert.equal(JSON.parse(refused.body).code, "token_invalid");
  assert.match(refused.headers["www-authenticate"] ?? "", /^Bearer error=/);
  assert.equal(refused.headers["content-type"], "application/problem+json");
  const onRefusal = (): Response =>
    new Response("<p>", { headers: { "content-type": "text/html" } });
  const page = await answered({}, { onRefusal });
  assert.deepEqual(
    [page.statusCode, page.body, page.headers["content-type"]],
    [401, "<p>", "text/html"],
  );
});
