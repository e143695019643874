/**
 * `fetch` for addresses that strangers name: it connects to the public internet alone. Every host is resolved, its
 * addresses are checked, and the connection goes to what was checked, so that a second answer of the name server
 * (DNS rebinding) changes nothing; redirects start over.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { isPublicAddress } from './address';

export interface NetworkPolicy {
  /** Private and loopback addresses may be called, too. */
  allowPrivate: boolean;
  /** Origins that the operator named, wherever they lie: a mirror of the Hub in one's own network, say. */
  trustedOrigins?: readonly string[];
  /** The name server; tests pass another. */
  resolve?: (host: string) => Promise<LookupAddress[]>;
}

/** An address that must not be called; the message names the host and never what it resolved to. */
export class ForbiddenAddressError extends Error {
  override name = 'ForbiddenAddressError';
}

const MAX_REDIRECTS = 5;

/**
 * @returns a `fetch` for GET and HEAD; bodies come as the server sends them, without content coding
 * @throws ForbiddenAddressError for an address outside the policy, first or after a redirect
 */
export function createGuardedFetch(policy: NetworkPolicy): typeof fetch {
  const { resolve = resolveBySystem, trustedOrigins = [] } = policy;

  const checkedLookup: LookupFunction = (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) return callback(new Error(`${host} has no address`), '', 0);
        // One private address among public ones is enough: which of them is used is not ours to choose.
        if (!addresses.every(({ address }) => isPublicAddress(address))) {
          return callback(forbidden(host), '', 0);
        }
        if (options.all === true) return callback(null, addresses);
        callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), '', 0),
    );
  };
  // No kept connections: one that was opened for a trusted origin must not serve another request.
  const guarded = {
    http: new HttpAgent({ lookup: checkedLookup }),
    https: new HttpsAgent({ lookup: checkedLookup }),
  };
  const open = { http: new HttpAgent(), https: new HttpsAgent() };

  async function once(url: URL, method: string, headers: Headers, signal: AbortSignal | undefined) {
    const isTrusted = policy.allowPrivate || trustedOrigins.includes(url.origin);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // Node asks no name server about an address, hence no checkedLookup.
    if (!isTrusted && isIP(host) !== 0 && !isPublicAddress(host)) throw forbidden(host);
    const agents = isTrusted ? open : guarded;
    return new Promise<IncomingMessage>((resolveMessage, reject) => {
      const isHttps = url.protocol === 'https:';
      const send = isHttps ? httpsRequest : httpRequest;
      const agent = isHttps ? agents.https : agents.http;
      const options = { method, headers: Object.fromEntries(headers), agent, signal };
      send(url, options, resolveMessage).on('error', reject).end();
    });
  }

  return async (input, init) => {
    if (init?.body) throw new TypeError('only requests without a body are sent to addresses of strangers');
    const signal = init?.signal ?? undefined;
    const method = (init?.method ?? 'GET').toUpperCase();
    const headers = new Headers(init?.headers);
    headers.set('Accept-Encoding', 'identity');
    let url = new URL(input instanceof Request ? input.url : input);
    for (let redirects = 0; ; redirects++) {
      if (url.protocol !== 'http:' && url.protocol !== 'https:') {
        throw new ForbiddenAddressError(`${url.protocol} is no address of the web`);
      }
      const message = await once(url, method, headers, signal);
      const status = message.statusCode ?? 0;
      const location = message.headers.location;
      if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
        return toResponse(message, status, url, redirects > 0);
      }
      message.destroy();
      if (redirects === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
      const next = new URL(location, url);
      if (next.origin !== url.origin) {
        headers.delete('Authorization');
        headers.delete('Cookie');
      }
      url = next;
    }
  };
}

function forbidden(host: string): ForbiddenAddressError {
  return new ForbiddenAddressError(`${host} is not on the public internet`);
}

function resolveBySystem(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

function toResponse(message: IncomingMessage, status: number, url: URL, redirected: boolean): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined) headers.append(name, each);
  }
  const hasBody = status !== 204 && status !== 304;
  if (!hasBody) message.resume();
  const body = hasBody ? (Readable.toWeb(message) as ReadableStream<Uint8Array>) : null;
  const response = new Response(body, { status, headers });
  // Where the answer really came from: downloads decide by it whose refusal it is.
  return Object.defineProperties(response, { url: { value: url.href }, redirected: { value: redirected } });
}
