// Verifies tokens with npm's aws-jwt-verify. The first line of standard input is
// {issuer, audience, jwks, tokens}; each further line is how many tokens to verify, and is answered
// by the microseconds of CPU that it took.
import { createInterface } from "node:readline";
import { JwtVerifier } from "aws-jwt-verify";

let verifier;
let tokens;
for await (const line of createInterface({ input: process.stdin })) {
  if (verifier === undefined) {
    const given = JSON.parse(line);
    tokens = given.tokens;
    verifier = JwtVerifier.create({ issuer: given.issuer, audience: given.audience });
    verifier.cacheJwks(given.jwks);
    continue;
  }
  const before = process.cpuUsage();
  for (let number = 0; number < Number(line); number += 1) {
    verifier.verifySync(tokens[number % tokens.length]);
  }
  const { user, system } = process.cpuUsage(before);
  console.log(user + system);
}
