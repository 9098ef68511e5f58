/** Of a socket that is open, or whose other side has sent its FIN. */
const HELD: ReadonlySet<string> = new Set(["01", "08"]);

/** Hexadecimal digits of an IPv4 address, alone or at the end of a mapped one. */
const ADDRESS = 8;

/**
 * The other ends of the connections that a server at some port has not ended, as
 * `endOf` writes them.
 *
 * @param table `/proc/net/tcp` and `/proc/net/tcp6`.
 */
export function peersOf(table: string, port: number): Set<string> {
  const own = `:${hexadecimal(port, 4)}`;
  const peers = new Set<string>();
  for (const line of table.split("\n")) {
    const [, local = "", remote = "", state = ""] = line.trim().split(/ +/);
    if (!local.endsWith(own) || !HELD.has(state)) continue;
    peers.add(remote.slice(remote.indexOf(":") - ADDRESS));
  }
  return peers;
}

/**
 * One end of a connection. The kernel takes the bytes of an address for a number of
 * its own, so on the processors that there are they come backwards.
 */
export function endOf(address: number, port: number): string {
  const bytes = hexadecimal(address, ADDRESS).match(/../g)!;
  return `${bytes.reverse().join("")}:${hexadecimal(port, 4)}`;
}

function hexadecimal(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
