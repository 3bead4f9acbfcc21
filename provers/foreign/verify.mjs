// Verify a token by its issuer alone: ISSUER, AUDIENCE and TOKEN are in the environment.
import { JwtVerifier } from "aws-jwt-verify";

const { ISSUER, AUDIENCE, TOKEN } = process.env;
const discovered = await fetch(`${ISSUER}/.well-known/openid-configuration`);
const { jwks_uri: jwksUri } = await discovered.json();
const verifier = JwtVerifier.create({ issuer: ISSUER, audience: AUDIENCE, jwksUri });
const claims = await verifier.verify(TOKEN);
console.log(JSON.stringify(claims));
