import { isIPv4, isIPv6 } from "node:net";

/** Both ends of a client's connection, as the system names them; undefined on a unix socket. */
export interface Ends {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;

/** The header of the PROXY protocol, version 2, that tells the program behind who has connected. */
export function proxyHeader(ends: Ends): Buffer {
  const { remoteAddress, remotePort = 0, localAddress, localPort = 0 } = ends;
  const [from, to] = [plain(remoteAddress), plain(localAddress)];
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(remotePort, 0);
  ports.writeUInt16BE(localPort, 2);
  if (isIPv4(from) && isIPv4(to)) return header(TCP4, [bytes4(from), bytes4(to), ports]);
  if (isIPv6(from) && isIPv6(to)) return header(TCP6, [bytes6(from), bytes6(to), ports]);
  // A unix socket, or a client that has gone already: whose it is is not said.
  return header(0, []);
}

function header(family: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const lead = Buffer.from([PROXY, family, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([SIGNATURE, lead, body]);
}

/** A socket for both families names IPv4 clients `::ffff:10.0.0.1`. */
function plain(address = ""): string {
  return (/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address).replace(/%.*$/, "");
}

function bytes4(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}

function bytes6(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const words = (text: string) => text.split(":").filter((word) => word !== "");
  const [before, after] = [words(head), words(tail ?? "")];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array<string>(zeros).fill("0"), ...after];
  return Buffer.from(all.flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 0xff]));
}
