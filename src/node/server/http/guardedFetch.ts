/**
 * A `fetch` for URLs from strangers, which connects only to the public internet. Every host is resolved, its addresses are
 * checked, and the connection goes to the checked address, so that a second answer of the name server (DNS rebinding)
 * changes nothing. Each redirect is checked in the same way.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { isPublicAddress } from './address';

export interface NetworkPolicy {
  /** Whether private and loopback addresses may be called too. */
  allowPrivate: boolean;
  /** Origins that the operator named, wherever they are: a mirror of the Hub on a private network, say. */
  trustedOrigins?: readonly string[];
  /** The name server; tests pass another. */
  resolve?: (host: string) => Promise<LookupAddress[]>;
}

/** The URL must not be called; the message names the host, never the address that it resolved to. */
export class ForbiddenAddressError extends Error {
  override name = 'ForbiddenAddressError';
}

const MAX_REDIRECTS = 5;

/**
 * @returns a `fetch` for GET and HEAD; bodies come as the server sends them, without content coding
 * @throws ForbiddenAddressError for a URL outside the policy, at first or after a redirect
 */
export function createGuardedFetch(policy: NetworkPolicy): typeof fetch {
  const { resolve = resolveBySystem, trustedOrigins = [] } = policy;

  const checkedLookup: LookupFunction = (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) return callback(new Error(`${host} has no address`), '', 0);
        // One private address among public ones is enough to refuse: which of them is used is not decided here.
        if (!addresses.every(({ address }) => isPublicAddress(address))) {
          return callback(forbidden(host), '', 0);
        }
        if (options.all === true) return callback(null, addresses);
        callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), '', 0),
    );
  };
  // No kept-alive connections: one opened for a trusted origin must not serve another request.
  const guarded = {
    http: new HttpAgent({ lookup: checkedLookup }),
    https: new HttpsAgent({ lookup: checkedLookup }),
  };
  const open = { http: new HttpAgent(), https: new HttpsAgent() };

  async function once(url: URL, method: string, headers: Headers, signal: AbortSignal | undefined) {
    const isTrusted = policy.allowPrivate || trustedOrigins.includes(url.origin);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // Node looks up no IP addresses, so checkedLookup is not called for them.
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
    if (init?.body) throw new TypeError('only requests without a body are sent to URLs of strangers');
    const signal = init?.signal ?? undefined;
    const method = (init?.method ?? 'GET').toUpperCase();
    const headers = new Headers(init?.headers);
    headers.set('Accept-Encoding', 'identity');
    let url = new URL(input instanceof Request ? input.url : input);
    for (let redirects = 0; ; redirects++) {
      if (url.protocol !== 'http:' && url.protocol !== 'https:') {
        throw new ForbiddenAddressError(`${url.protocol} URLs are not supported`);
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
  // The URL that really answered: downloads need it to know who refused.
  return Object.defineProperties(response, { url: { value: url.href }, redirected: { value: redirected } });
}
