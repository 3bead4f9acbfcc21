"use client";
import { useActionState } from "react";

type Action = (why: string, form: FormData) => Promise<string>;

export function Form({ logIn, why }: { logIn: Action; why: string }) {
  const [told, action] = useActionState(logIn, why);
  return (
    <form action={action}>
      <p role="alert">{told}</p>
      <input name="user" autoComplete="username" required />
      <input name="password" type="password" autoComplete="current-password" required />
      <button>Log in</button>
    </form>
  );
}
