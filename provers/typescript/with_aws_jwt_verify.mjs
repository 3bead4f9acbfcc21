// Verify a token by aws-jwt-verify with the client's check, before its session was ended and after.
// DEV is what the stack says of itself.
import { createSojourn } from "@sojourn/client";
import { JwtVerifier } from "aws-jwt-verify";

const {
  base_url: baseUrl,
  realm_id: realmId,
  access_key: accessKey,
  users,
} = JSON.parse(process.env.DEV);
const sojourn = createSojourn({ baseUrl, realmId, accessKey });
const issuer = `${baseUrl}/v1/realms/${realmId}`;
const verifier = JwtVerifier.create({
  issuer,
  audience: realmId,
  jwksUri: `${issuer}/.well-known/jwks.json`,
  customJwtCheck: sojourn.notEnded,
});
const { username, password } = users[0];
const { id, token } = await sojourn.login({ username, password });
const { sid } = await verifier.verify(token);
await sojourn.sessions.end({ token });
const told = await verifier.verify(token).catch(({ kind, reason }) => ({ kind, reason }));
console.log(JSON.stringify({ same: sid === id, told }));
