/** Finds the route that a request asks for. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem } from './http/problem';
import type { Operation } from './openApi/parts';
import { PROXY_PATH, pathMatcher, TARGET_HEADER } from './paths';
import type { Services } from './services';

/** An endpoint: all that the server and its OpenAPI document know of it. */
export interface Route {
  /** For logs, metrics and as the document's `operationId`. */
  name: string;
  method: 'GET' | 'POST' | 'PUT';
  /** With parameters in braces: `/uploads/{token}`. */
  path: string;
  /** Whether it needs to be asked for as the queue's, which shares the path of a direct run. */
  isQueued?: true;
  /** Needs no key: it says nothing private, or its URL is itself a secret. */
  open?: true;
  /** Pages of other sites may embed its answers. */
  embeddable?: true;
  doc: Operation;
  handle(call: RouteCall): Promise<void> | void;
}

export interface RouteCall {
  request: IncomingMessage;
  response: ServerResponse;
  /** The path's parameters by name. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** The server's URL as the client knows it, without a slash at the end. */
  base: string;
  services: Services;
}

export type MatchedRoute = Pick<RouteCall, 'params' | 'query'> & { route: Route };
export type Router = (request: IncomingMessage) => MatchedRoute;

/** @returns a function that throws Problem 404 or 405 if no route fits, 400 for a URL that cannot be read */
export function createRouter(routes: readonly Route[]): Router {
  const matchers = routes.map((route) => ({ route, match: pathMatcher(route.path) }));
  return (request) => {
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    const { path, query, isQueue } = targetOf(request);
    const found = matchers.flatMap(({ route, match }) => {
      const params = match(path);
      return params === undefined ? [] : [{ route, params, query }];
    });
    const fitting = found.filter(({ route }) => route.method === method);
    const matched =
      (isQueue ? fitting.find(({ route }) => route.isQueued) : undefined) ??
      fitting.find(({ route }) => route.isQueued === undefined);
    if (matched !== undefined) return matched;
    if (found.length === 0) throw new Problem(404, 'Not Found', { type: 'not_found' });
    const headers = { Allow: [...new Set(found.map(({ route }) => route.method))].join(', ') };
    throw new Problem(405, 'Method Not Allowed', { type: 'method_not_allowed', headers });
  };
}

/**
 * The hosted API tells its direct endpoint from its queue by the host, `fal.run` and `queue.fal.run`. This server has one
 * host, so a request is queued if its host begins with `queue.`, if its path begins with `/queue/`, or if it has the
 * header that the official clients send to the queue.
 */
function targetOf(request: IncomingMessage): { path: string; query: URLSearchParams; isQueue: boolean } {
  const { headers, url = '/' } = request;
  if (!URL.canParse(url, 'http://server')) {
    throw new Problem(400, 'The URL cannot be read', { type: 'bad_request' });
  }
  const own = new URL(url, 'http://server');
  const target = own.pathname === PROXY_PATH ? headers[TARGET_HEADER] : undefined;
  if (typeof target === 'string' && URL.canParse(target)) {
    const { hostname, pathname, searchParams } = new URL(target);
    return { path: pathname, query: searchParams, isQueue: hostname.startsWith('queue.') };
  }
  const isPrefixed = own.pathname.startsWith('/queue/');
  return {
    path: isPrefixed ? own.pathname.slice('/queue'.length) : own.pathname,
    query: own.searchParams,
    isQueue:
      isPrefixed ||
      (headers.host ?? '').startsWith('queue.') ||
      headers['x-fal-queue-priority'] !== undefined,
  };
}
