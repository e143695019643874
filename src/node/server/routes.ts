/** Which of the API's operations a request asks for. */
import type { IncomingMessage } from 'node:http';
import { Problem } from './http/problem.ts';

type Plain =
  | 'home'
  | 'health'
  | 'metrics'
  | 'openapi'
  | 'direct'
  | 'submit'
  | 'initiate'
  | 'multipart'
  | 'token'
  | 'take'
  | 'preflight';
type WithId = 'status' | 'stream' | 'result' | 'cancel' | 'upload' | 'file';
export type Route = { needsKey: boolean } & ({ name: Plain } | { name: WithId; id: string });

export const ENDPOINT = '/fal-ai/inpaint';
/** What a client with a `proxyUrl` calls in place of every address; the true one is in a header. */
export const PROXY_PATH = '/api/fal';
export const TARGET_HEADER = 'x-fal-target-url';

interface Pattern {
  method: string;
  path: RegExp;
  name: Plain | WithId;
  /** Addresses that nobody can guess need none. */
  open?: true;
}

const request = `${ENDPOINT}/requests/([\\w-]+)`;
const patterns: readonly Pattern[] = [
  { method: 'GET', path: /^\/$/, name: 'home', open: true },
  { method: 'GET', path: /^\/health$/, name: 'health', open: true },
  { method: 'GET', path: /^\/metrics$/, name: 'metrics', open: true },
  { method: 'GET', path: /^\/openapi\.json$/, name: 'openapi', open: true },
  { method: 'POST', path: new RegExp(`^${ENDPOINT}$`), name: 'direct' },
  { method: 'GET', path: new RegExp(`^${request}/status$`), name: 'status' },
  { method: 'GET', path: new RegExp(`^${request}/status/stream$`), name: 'stream' },
  { method: 'GET', path: new RegExp(`^${request}$`), name: 'result' },
  { method: 'PUT', path: new RegExp(`^${request}/cancel$`), name: 'cancel' },
  { method: 'POST', path: /^\/storage\/upload\/initiate$/, name: 'initiate' },
  { method: 'POST', path: /^\/storage\/upload\/initiate-multipart$/, name: 'multipart' },
  { method: 'POST', path: /^\/storage\/auth\/token$/, name: 'token' },
  // With a token of that, in place of the key.
  { method: 'POST', path: /^\/files\/upload$/, name: 'take', open: true },
  { method: 'PUT', path: /^\/uploads\/([\w-]+)$/, name: 'upload', open: true },
  { method: 'GET', path: /^\/files\/([\w-]+)\/[^/]+$/, name: 'file', open: true },
];

/** @throws Problem 404 or 405 */
export function matchRoute(request: IncomingMessage): Route {
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  if (method === 'OPTIONS') return { name: 'preflight', needsKey: false };
  const { path, isQueue } = placeOf(request);
  const found = patterns.filter((pattern) => pattern.path.test(path));
  const pattern = found.find((each) => each.method === method);
  if (pattern === undefined) {
    if (found.length === 0) throw new Problem(404, 'Not Found', { type: 'not_found' });
    const headers = { Allow: found.map((each) => each.method).join(', ') };
    throw new Problem(405, 'Method Not Allowed', { type: 'method_not_allowed', headers });
  }
  const needsKey = pattern.open !== true;
  const { name } = pattern;
  switch (name) {
    case 'status':
    case 'stream':
    case 'result':
    case 'cancel':
    case 'upload':
    case 'file':
      return { name, needsKey, id: pattern.path.exec(path)?.[1] ?? '' };
    case 'direct':
      return { name: isQueue ? 'submit' : 'direct', needsKey };
    default:
      return { name, needsKey };
  }
}

/**
 * The hosted API tells its direct endpoint from its queue by the host, `fal.run` and `queue.fal.run`. A server of one's
 * own has one host: the queue is asked for by a host that begins with `queue.`, by a path that begins with `/queue/`,
 * or by the header that the official clients send along.
 */
function placeOf(request: IncomingMessage): { path: string; isQueue: boolean } {
  const own = addressOf(request);
  const target = own.pathname === PROXY_PATH ? request.headers[TARGET_HEADER] : undefined;
  if (typeof target === 'string' && URL.canParse(target)) {
    const { hostname, pathname, search } = new URL(target);
    // Query parameters are read from the request's own address.
    request.url = `${pathname}${search}`;
    return { path: trim(pathname), isQueue: hostname.startsWith('queue.') };
  }
  const isPrefixed = own.pathname.startsWith('/queue/');
  return {
    path: trim(isPrefixed ? own.pathname.slice('/queue'.length) : own.pathname),
    isQueue:
      isPrefixed ||
      (request.headers.host ?? '').startsWith('queue.') ||
      request.headers['x-fal-queue-priority'] !== undefined,
  };
}

/** The path and query that were asked for, at a host of no meaning. @throws Problem 400 for what is no path, e.g. `//` */
export function addressOf({ url = '/' }: IncomingMessage): URL {
  if (URL.canParse(url, 'http://server')) return new URL(url, 'http://server');
  throw new Problem(400, 'The address cannot be read', { type: 'bad_request' });
}

function trim(path: string): string {
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}
