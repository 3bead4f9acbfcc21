import { isSojournError } from "@sojourn/client";
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { auth } from "../../auth";
import { Form } from "./form";

async function logIn(_: string, form: FormData) {
  "use server";
  // What the proxy before this server added.
  const ip = (await headers()).get("x-forwarded-for")?.split(",").at(-1)?.trim();
  const login = { user: String(form.get("user")), password: String(form.get("password")), ip };
  try {
    await auth.logIn(login);
  } catch (error) {
    if (isSojournError(error)) return error.detail; // such as a wrong password
    throw error;
  }
  redirect("/");
}

export default async function Login() {
  const error = await auth.error();
  return <Form logIn={logIn} why={error?.kind === "session_ended" ? error.detail : ""} />;
}
