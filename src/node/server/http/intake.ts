/** How much the server takes in at a time, from all clients together and from each. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isPublicAddress } from './address';
import { Problem } from './problem';

/** Of what there is for all, one client has at most three quarters: others find room however busy it is. */
export const CLIENT_SHARE = 0.75;

/** What one request or upload holds. */
export interface Holding {
  /** @throws Problem 429 where all hold too much together, or this client alone */
  take(bytes: number): void;
  /** Gives everything back; once is enough. */
  release(): void;
}

/** Bytes of bodies that are on their way, or wait with their requests. */
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
          throw busy('The server holds as much as it can of requests and uploads; try again later');
        }
        if (ofClient > this.#maxBytes * CLIENT_SHARE) {
          throw busy('Your requests and uploads under way hold your share of the server; try again later');
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
  // What is still on its way is not read, so the connection cannot be used again.
  const headers = { 'Retry-After': '5', Connection: 'close' };
  return new Problem(429, message, { type: 'too_many_bytes', headers });
}

/**
 * Who sends a request: an IPv4 address, or the 64 bits of an IPv6 address that one household or machine has.
 * @param isBehindProxy a proxy of the operator's stands before the server and says in `X-Forwarded-For` who called it
 */
export function clientOf({ headers, socket }: IncomingMessage, isBehindProxy: boolean): string {
  const own = plain(socket.remoteAddress ?? '');
  // The last is what the proxy itself wrote; those before it are the client's own words.
  const told = plain(
    String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .at(-1) ?? '',
  );
  return isBehindProxy && isIP(told) !== 0 && !isPublicAddress(own) ? household(told) : household(own);
}

/** Without the interface of a link-local address; IPv4 as such. */
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
