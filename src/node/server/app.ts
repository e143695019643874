/** The API as an HTTP request handler: access, routing, logs and metrics. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createAdmission } from './http/admission';
import { sendProblem } from './http/http';
import { foreseenProblem, problemOf } from './http/problem';
import { createRouter } from './router';
import { routes } from './routes';
import { type AppOptions, createServices } from './services';

export interface App {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Takes no more requests and lets the current run end. @param graceMs after which that run is cancelled */
  close(graceMs?: number): Promise<void>;
}

export function createApp(options: AppOptions): App {
  const services = createServices(options);
  const { queue, metrics, logUnforeseen } = services;
  const admission = createAdmission(options);
  const matchRoute = createRouter(routes);
  const requests = metrics.counter('inlay_http_requests_total', 'Requests by route and status.');

  /** @param name called with the route as soon as it is known */
  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    name: (route: string) => void,
  ): Promise<void> {
    const base = admission.admit(request, response);
    if (request.method === 'OPTIONS') {
      name('preflight');
      return admission.preflight(request, response);
    }
    const { route, params, query } = matchRoute(request);
    name(route.name);
    if (route.embeddable === undefined) admission.refuseForeign(request, response);
    if (route.open === undefined) admission.authorize(request);
    await route.handle({ request, response, params, query, base, services });
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    let route = 'unknown';
    response.on('close', () => {
      const status = response.headersSent ? response.statusCode : 0;
      const id = response.getHeader('x-fal-request-id');
      requests.add({ route, status: String(status) });
      options.log('request', {
        method: request.method ?? '',
        route,
        status,
        ms: Math.round(performance.now() - started),
        ...(id !== undefined && { request_id: id }),
      });
    });
    try {
      await answer(request, response, (name) => {
        route = name;
      });
    } catch (error) {
      if (foreseenProblem(error) === undefined) logUnforeseen(error);
      sendProblem(response, problemOf(error));
    }
  }

  return {
    handle: (request, response) => void handle(request, response),
    close: (graceMs) => queue.close(graceMs),
  };
}
