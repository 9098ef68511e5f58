import { peerAddress } from "./host_info.ts";

/** What an address may consist of: anything else could forge a line of a log. */
const ADDRESS = /^[0-9A-Fa-f.:]{2,45}$/;

/**
 * The client's address: the peer's, or what the trusted proxies say.
 *
 * Every proxy appends the address it saw to X-Forwarded-For, so the one that the
 * outermost of `proxies` saw is that many from the right; what stands further
 * left was sent by the client itself. `""` where nothing is known.
 */
export function clientAddress(
  request: Request,
  info: unknown,
  proxies: number,
): string {
  const peer = plain(peerAddress(request, info) ?? "");
  if (proxies === 0) return peer;
  const forwarded = request.headers.get("x-forwarded-for");
  if (forwarded === null) {
    return addressOf(request.headers.get("x-real-ip") ?? "") ?? peer;
  }
  const hops = forwarded.split(",");
  return addressOf(hops[Math.max(0, hops.length - proxies)]!) ?? peer;
}

/** Whether the client's own connection is encrypted, as far as can be told. */
export function isSecure(request: Request, proxies: number): boolean {
  if (request.url.startsWith("https:")) return true;
  if (proxies === 0) return false;
  const schemes = request.headers.get("x-forwarded-proto")?.split(",") ?? [];
  const scheme = schemes[Math.max(0, schemes.length - proxies)];
  return scheme?.trim().toLowerCase() === "https";
}

/** An address as proxies write it: perhaps with a port, or in brackets. */
function addressOf(text: string): string | undefined {
  const trimmed = text.trim();
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(trimmed)?.[1] ??
    /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  return ADDRESS.test(bare) ? plain(bare) : undefined;
}

/** An IPv4 address as such, also where the socket is an IPv6 one. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(address) ||
    address === "::1";
}
