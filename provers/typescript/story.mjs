// Log in, verify in each mode, end the session elsewhere, and verify until it is refused.
// DEV is what the stack says of itself. It prints what was accepted when, beside the end, in seconds.
import { createSojourn, isSojournError } from "@sojourn/client";

const dev = JSON.parse(process.env.DEV);
const { username, password } = dev.users[0];
const known = { baseUrl: dev.base_url, realmId: dev.realm_id, accessKey: dev.access_key };
const elsewhere = createSojourn(known);
const seconds = () => performance.now() / 1000;

async function told(mode, maxStaleness) {
  const sojourn = createSojourn({ ...known, mode, maxStaleness });
  await sojourn.prefetch();
  const begun = await sojourn.login({ username, password });
  const request = new Request("https://app.example.com/", {
    headers: { authorization: `Bearer ${begun.token}` },
  });
  const session = await sojourn.authenticateRequest(request);
  const listed = await sojourn.sessions.list({ token: begun.token });
  const current = listed.find(({ current }) => current);
  if (session.id !== begun.id || current?.id !== begun.id) throw new Error("another session");
  await elsewhere.sessions.end({ sessionId: begun.id });
  const acknowledged = seconds();
  let accepted = 0;
  for (;;) {
    const came = seconds() - acknowledged;
    try {
      await sojourn.verify(begun.token);
      accepted = came;
    } catch (error) {
      if (!isSojournError(error)) throw error;
      const { kind, reason } = error;
      const [record] = await sojourn.sessions.list({ userId: begun.userId, state: "ended" });
      sojourn.close();
      return { mode, maxStaleness, accepted, kind, reason, recorded: record.reason };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const stories = [told("always"), told("cached", 3), told("feed", 3)];
console.log(JSON.stringify(await Promise.all(stories)));
