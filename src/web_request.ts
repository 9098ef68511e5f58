import { quote } from "./quote.ts";

/**
 * Throws a `TypeError` for what is no `Request`: Node's and Express' `req`, or the
 * `c.req` of Hono. By its shape, as hosts have Requests of their own.
 */
export function checkRequest(request: Request, what: string): void {
  if (typeof request?.headers?.get === "function") return;
  throw new TypeError(
    `${what} as 'request' must be a Request, such as c.req.raw in Hono or what nodeListener() of @sseserver/sseserver/node passes in Express: current value is ${
      quote(request)
    }`,
  );
}
