/** Of Next and its React, which an application has: so that the client can be built without them. */

declare module "next/headers" {
  export const { cookies, headers }: Pick<import("../src/app_router.js").Next, "cookies" | "headers">;
}

declare module "next/navigation" {
  export const { redirect }: Pick<import("../src/app_router.js").Next, "redirect">;
}

declare module "react" {
  export const { cache }: Pick<import("../src/app_router.js").Next, "cache">;
}
