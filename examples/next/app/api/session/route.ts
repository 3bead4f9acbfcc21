import { auth } from "../../../auth";

export const GET = auth.route((_, { session }) =>
  Response.json(session, { headers: { "Cache-Control": "no-store" } }),
);

export const DELETE = auth.route(async () => {
  await auth.logOut();
  return new Response(null, { status: 204 });
});
