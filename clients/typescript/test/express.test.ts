import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type ExpressRequest, type ExpressResponse, sojournAuth } from "../src/express.js";
import { Service, token } from "./service.js";

const LATE = new Error("Cannot set headers after they are sent to the client");

/** A response that somebody else, such as a middleware with a time-out, has answered already. */
class Answered implements ExpressResponse {
  status(): this {
    return this;
  }
  set(): never {
    throw LATE;
  }
  append(): never {
    throw LATE;
  }
  json(): never {
    throw LATE;
  }
}

/** What of a request's course nobody handled; it would end the process. */
function unhandled(t: { after(done: () => void): void }): unknown[] {
  const found: unknown[] = [];
  const note = (error: unknown): void => void found.push(error);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  return found;
}

test("a refusal of a request that was answered meanwhile goes to the error handler", async (t) => {
  const lost = unhandled(t);
  const auth = sojournAuth<ExpressRequest, ExpressResponse>(new Service().client());
  const told: unknown[] = [];
  auth.required({ method: "GET", headers: {} }, new Answered(), (error) => told.push(error));
  await setImmediate();
  await setImmediate();
  assert.deepEqual(told, [LATE]);
  assert.deepEqual(lost, []);
});

test("an error of what comes next goes to the error handler", async (t) => {
  const lost = unhandled(t);
  const auth = sojournAuth<ExpressRequest, ExpressResponse>(new Service().client());
  const told: unknown[] = [];
  const wrong = new Error("the route's own");
  const request = { method: "GET", headers: { authorization: `Bearer ${token()}` } };
  auth.required(request, new Answered(), (error) => {
    told.push(error);
    if (error === undefined) throw wrong;
  });
  while (told.length === 0) await setImmediate();
  await setImmediate();
  assert.deepEqual(told, [undefined, wrong]);
  assert.deepEqual(lost, []);
});
