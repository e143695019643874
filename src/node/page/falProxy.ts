/**
 * `/api/fal`: forwards the page's calls to the hosted API and adds the key, which never leaves this process.
 *
 * Not @fal-ai/server-proxy: hosts, protocol, endpoint, origin, body size and status have to be enforced here anyway,
 * and it would add only one `fetch`. It also lets a caller's `Authorization` replace the key, accepts `http:` targets, and
 * through its Express adapter answers 200 whatever the upstream status is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { Readable } from 'node:stream';
import { readBody, sendJson, sendProblem } from '../server/http/http.ts';
import { Problem, problemOf } from '../server/http/problem.ts';
import { ENDPOINT, PROXY_PATH, pathMatcher, REQUEST, START_UPLOAD, TARGET_HEADER } from '../server/paths.ts';

export interface FalProxyOptions {
  key: string;
  /** `INLAY_FAL_URL`: a server that replaces fal's hosts, e.g. that of `npm run serve`. */
  upstream?: string;
  /** Host names besides localhost that the page may be served under. */
  hosts?: readonly string[];
  maxBodyBytes?: number;
}

/** Small images travel in the request as data URIs; larger ones are uploaded without the proxy. */
const MAX_BODY_BYTES = 16e6;
const LOGS = /^\?logs=(0|1|true|false)$/;

/**
 * The only calls allowed, though the key gives access to more, and only the query parameters that the clients use. A
 * webhook, for example, would belong to a third party.
 */
const allowed = [
  { method: 'POST', host: 'fal.run', path: ENDPOINT },
  { method: 'POST', host: 'queue.fal.run', path: ENDPOINT },
  { method: 'GET', host: 'queue.fal.run', path: REQUEST, query: LOGS },
  { method: 'GET', host: 'queue.fal.run', path: `${REQUEST}/status`, query: LOGS },
  { method: 'GET', host: 'queue.fal.run', path: `${REQUEST}/status/stream`, query: LOGS },
  { method: 'PUT', host: 'queue.fal.run', path: `${REQUEST}/cancel` },
  { method: 'POST', host: 'rest.fal.ai', path: START_UPLOAD, query: /^\?storage_type=[\w-]{1,40}$/ },
].map(({ path, ...row }) => ({ query: undefined, ...row, matches: pathMatcher(path) }));

const forwardedRequestHeaders = /^(content-type|accept|x-fal-(?!target-url$)[\w-]+)$/;
/** Headers that the clients read. */
const forwardedResponseHeaders = /^(retry-after|x-fal-(request-id|error-type|request-timeout-type))$/;
/** The API's content types; anything else is passed on as bytes, which no browser displays. */
const forwardedTypes = /^(application\/json|text\/event-stream)\s*(;|$)/i;

/** Reads the options from the environment. @returns undefined if no key is set */
export function falProxyFromEnv(
  env: Readonly<Record<string, string | undefined>>,
): FalProxyOptions | undefined {
  const key = env.FAL_KEY?.trim();
  if (!key) return undefined;
  return { key, upstream: env.INLAY_FAL_URL || undefined, hosts: env.HOST ? [env.HOST] : [] };
}

/** @returns a handler for requests to {@link PROXY_PATH} */
export function createFalProxy(options: FalProxyOptions) {
  const { key, upstream, hosts = [], maxBodyBytes = MAX_BODY_BYTES } = options;

  async function forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    admit(incoming, hosts);
    const named = incoming.headers[TARGET_HEADER];
    if (named === undefined && incoming.method === 'GET') {
      // The page asks whether there is a proxy.
      return sendJson(response, 200, { endpoint: ENDPOINT.slice(1) });
    }
    const target = allowedTarget(incoming.method ?? 'GET', typeof named === 'string' ? named : '');
    const hasBody = incoming.method === 'POST' || incoming.method === 'PUT';
    const body = hasBody ? new Uint8Array(await readBody(incoming, { maxBytes: maxBodyBytes })) : null;
    const headers = new Headers({ authorization: `Key ${key}` });
    for (const [name, value] of Object.entries(incoming.headers)) {
      if (forwardedRequestHeaders.test(name) && typeof value === 'string') headers.set(name, value);
    }
    const controller = new AbortController();
    response.on('close', () => controller.abort());
    const answer = await fetch(upstream === undefined ? target : standIn(target, upstream), {
      method: incoming.method ?? 'GET',
      headers,
      body: body !== null && body.byteLength > 0 ? body : null,
      // A redirect would carry the key elsewhere.
      redirect: 'error',
      signal: controller.signal,
    }).catch(() => {
      throw new Problem(502, 'The hosted API could not be reached', {
        type: 'downstream_service_unavailable',
      });
    });
    for (const [name, value] of answer.headers) {
      if (forwardedResponseHeaders.test(name)) response.setHeader(name, value);
    }
    const type = answer.headers.get('content-type') ?? '';
    response.writeHead(answer.status, {
      'Content-Type': forwardedTypes.test(type) ? type : 'application/octet-stream',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    });
    if (answer.body === null) response.end();
    else {
      const stream = Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]);
      stream.on('error', () => response.destroy()).pipe(response);
    }
  }

  return (incoming: IncomingMessage, response: ServerResponse): void => {
    forward(incoming, response).catch((error: unknown) => sendProblem(response, problemOf(error)));
  };
}

/** @throws Problem 412 without a URL, 403 for any that is not the endpoint's */
function allowedTarget(method: string, named: string): URL {
  if (!URL.canParse(named)) throw new Problem(412, `${TARGET_HEADER} is missing`, { type: 'missing_target' });
  const target = new URL(named);
  const isAllowed =
    target.protocol === 'https:' &&
    target.port === '' &&
    target.username === '' &&
    target.password === '' &&
    allowed.some(
      (each) =>
        each.method === method &&
        each.host === target.hostname &&
        each.matches(target.pathname) !== undefined &&
        (target.search === '' || each.query?.test(target.search) === true),
    );
  if (isAllowed) return target;
  throw new Problem(403, 'This URL is not allowed', { type: 'forbidden_target' });
}

/** The same path on another server; the queue, which has its own host at fal, gets a prefix. */
function standIn({ hostname, pathname, search }: URL, upstream: string): URL {
  return new URL(
    `${upstream.replace(/\/$/, '')}${hostname === 'queue.fal.run' ? '/queue' : ''}${pathname}${search}`,
  );
}

/**
 * Admits only the page's own origin: another site that the user visits must not spend their key. Browsers send the origin
 * with a POST, and `same-origin` with a GET on secure pages; elsewhere the referrer has to do.
 * @throws Problem 403, 400 for two hosts
 */
function admit(incoming: IncomingMessage, hosts: readonly string[]): void {
  const { headers, rawHeaders } = incoming;
  if (rawHeaders.filter((name, i) => i % 2 === 0 && /^host$/i.test(name)).length > 1) {
    throw new Problem(400, 'The request has two Host headers', { type: 'bad_request' });
  }
  const { host = '', origin, referer } = headers;
  const site = headers['sec-fetch-site'];
  const isOwnName = URL.canParse(`http://${host}`) && isOwnHost(new URL(`http://${host}`).hostname, hosts);
  const named = origin ?? (site === undefined ? referer : undefined);
  const isSameOrigin =
    (site === undefined || site === 'same-origin') &&
    (named === undefined ? site === 'same-origin' : ownOrigins(incoming).includes(originOf(named)));
  if (isOwnName && isSameOrigin) return;
  throw new Problem(403, 'Only the page itself may use this URL', { type: 'forbidden_origin' });
}

/** With one scheme, unless the browser says that the page has the same origin: TLS may end at a proxy in front of this one. */
function ownOrigins({ headers, socket }: IncomingMessage): string[] {
  const { host = '' } = headers;
  const schemes =
    headers['sec-fetch-site'] === 'same-origin'
      ? ['http', 'https']
      : ['encrypted' in socket || headers['x-forwarded-proto'] === 'https' ? 'https' : 'http'];
  return schemes.map((scheme) => originOf(`${scheme}://${host}`));
}

/** @returns '' if it has none */
function originOf(address: string): string {
  const origin = URL.canParse(address) ? new URL(address).origin : '';
  return origin === 'null' ? '' : origin;
}

/** A name that someone else's DNS points here (rebinding) is foreign; an IP address isn't. */
function isOwnHost(hostname: string, hosts: readonly string[]): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 ||
    hosts.includes(hostname)
  );
}
