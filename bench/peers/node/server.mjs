// better-auth behind Node's own HTTP server, with SQLite and Argon2id by Rust.
//
//     node server.mjs FILE PORT '{"memoryCost": …, "timeCost": …, "parallelism": …}' SECRET
//
// It makes its tables when there are none.

import { createServer } from "node:http";
import { Algorithm, hash, verify } from "@node-rs/argon2";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";

const [file, port, cost, secret] = process.argv.slice(2);
const argon2id = { algorithm: Algorithm.Argon2id, ...JSON.parse(cost) };
const options = {
  baseURL: `http://127.0.0.1:${port}`,
  database: new Database(file),
  secret,
  emailAndPassword: {
    enabled: true,
    password: {
      hash: (password) => hash(password, argon2id),
      verify: ({ hash: known, password }) => verify(known, password),
    },
  },
  // Each session is read from the database, so that a revocation is seen at once.
  session: { cookieCache: { enabled: false } },
  // All requests come from one address.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
};
const { runMigrations } = await getMigrations(options);
await runMigrations();
createServer(toNodeHandler(betterAuth(options))).listen(Number(port), "127.0.0.1");
