import { redirect } from "next/navigation";
import { auth, sojourn } from "../auth";

async function end(id: string) {
  "use server";
  await sojourn.sessions.end({ token: await auth.token(), sessionId: id });
  redirect("/");
}

export default async function Devices() {
  const { id, userId, user } = await auth.required();
  const sessions = await sojourn.sessions.list({ userId });
  return (
    <>
      <h1>Hello {user?.username}</h1>
      Your devices:
      {sessions.map((each) => (
        <form key={each.id} action={end.bind(null, each.id)}>
          {each.request?.client ?? "?"} <button>{each.id === id ? "Log out" : "End"}</button>
        </form>
      ))}
    </>
  );
}
