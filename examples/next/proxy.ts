import { auth } from "./auth";

export const proxy = auth.proxy;
export const config = { matcher: "/((?!_next/static|_next/image|favicon.ico).*)" };
