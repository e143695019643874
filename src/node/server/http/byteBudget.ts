/** How many bytes the server holds for arriving and waiting requests, for all clients together and for each. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isPublicAddress } from './address';
import { Problem } from './problem';

/** One client gets at most this share of the whole, so that others find room however busy it is. */
export const CLIENT_SHARE = 0.75;

/** The bytes of one request or upload. */
export interface Holding {
  /** @throws Problem 429 if all clients together, or this one, hold too much */
  take(bytes: number): void;
  /** Gives all bytes back; further calls do nothing. */
  release(): void;
}

/** Counts the bytes of bodies that arrive, or wait with their requests. */
export class Intake {
  readonly #maxBytes: number;
  readonly #byClient = new Map<string, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  hold(client: string): Holding {
    let held = 0;
    const add = (bytes: number): void => {
      held += bytes;
      this.#bytes += bytes;
      const left = (this.#byClient.get(client) ?? 0) + bytes;
      if (left === 0) this.#byClient.delete(client);
      else this.#byClient.set(client, left);
    };
    return {
      take: (bytes) => {
        const ofClient = (this.#byClient.get(client) ?? 0) + bytes;
        if (this.#bytes + bytes > this.#maxBytes) {
          throw busy("The server can't hold more requests and uploads right now; try again later");
        }
        if (ofClient > this.#maxBytes * CLIENT_SHARE) {
          throw busy('Your requests and uploads already fill your share of the server; try again later');
        }
        add(bytes);
      },
      release: () => {
        if (held !== 0) add(-held);
      },
    };
  }
}

function busy(message: string): Problem {
  // The rest of the body stays unread, so the connection cannot be used again.
  const headers = { 'Retry-After': '5', Connection: 'close' };
  return new Problem(429, message, { type: 'too_many_bytes', headers });
}

/**
 * Who sends a request: an IPv4 address, or the first 64 bits of an IPv6 address, which one household or device has.
 * @param isBehindProxy whether the operator's own proxy is in front of the server and names callers in `X-Forwarded-For`
 */
export function clientOf({ headers, socket }: IncomingMessage, isBehindProxy: boolean): string {
  const own = plain(socket.remoteAddress ?? '');
  // The proxy itself wrote the last address; the client can write whatever it likes before that.
  const told = plain(
    String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .at(-1) ?? '',
  );
  return isBehindProxy && isIP(told) !== 0 && !isPublicAddress(own) ? household(told) : household(own);
}

/** Strips the interface of a link-local address, and the IPv6 form of an IPv4 address. */
function plain(address: string): string {
  return address
    .trim()
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '');
}

function household(address: string): string {
  if (isIP(address) !== 6 || /^fe80:/i.test(address)) return address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  const whole =
    tail === undefined
      ? groups
      : [...groups, ...Array(8 - groups.length - after).fill('0'), ...tail.split(':')];
  return `${whole
    .slice(0, 4)
    .map((group) => Number.parseInt(group || '0', 16).toString(16))
    .join(':')}::/64`;
}
