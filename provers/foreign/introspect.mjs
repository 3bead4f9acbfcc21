// openid-client: introspect two tokens, revoke one as a server and one as its holder, introspect again.
import * as client from "openid-client";

const { ISSUER, KEY_ID, KEY_SECRET, FIRST, SECOND } = process.env;
const issuer = new URL(ISSUER);
const server = await client.discovery(
  issuer, KEY_ID, undefined, client.ClientSecretBasic(KEY_SECRET), { algorithm: "oauth2" },
);
const holder = await client.discovery(issuer, "application", undefined, client.None());
const wrong = await client.discovery(
  issuer, KEY_ID, undefined, client.ClientSecretBasic("wrong"), { algorithm: "oauth2" },
);

const introspected = (token) => client.tokenIntrospection(server, token);
const before = [await introspected(FIRST), await introspected(SECOND)];
await client.tokenRevocation(server, FIRST);
await client.tokenRevocation(holder, SECOND, { token_type_hint: "refresh_token" });
await client.tokenRevocation(holder, SECOND);
const after = [await introspected(FIRST), await introspected(SECOND), await introspected("garbage")];

const refused = await client.tokenIntrospection(wrong, FIRST).catch((error) => error);
const challenges = refused.cause.map(({ scheme }) => scheme);
const twice = { client_secret: KEY_SECRET };
const malformed = await client.tokenIntrospection(server, FIRST, twice).catch((e) => e.error);
console.log(JSON.stringify({ before, after, challenges, malformed }));
