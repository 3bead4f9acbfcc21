// A page that asks more than once, in which Next's fetch keeps all answers for good; and Server Actions
// that are followed by no redirect.
import { auth } from "../../auth";

export const fetchCache = "force-cache";

async function leave() {
  "use server";
  await auth.required();
  await auth.logOut();
}

async function enter(form: FormData) {
  "use server";
  await auth.required();
  await auth.logIn({ user: String(form.get("user")), password: String(form.get("password")) });
}

export default async function Probe() {
  const session = await auth();
  const again = await auth(); // each verification makes a new one
  return (
    <>
      <i>{`${session === again ? "once" : "twice"} ${session?.id ?? (await auth.error())?.kind}`}</i>
      <form action={leave}>
        <button>Leave</button>
      </form>
      <form action={enter}>
        <button>Enter</button>
      </form>
    </>
  );
}
