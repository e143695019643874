/** What the server says about itself. */
import { send, sendJson } from '../http/http';
import { ENDPOINT } from '../paths';
import type { RouteCall } from '../router';

export function home({ response, base }: RouteCall): void {
  sendJson(response, 200, { endpoint: `${base}${ENDPOINT}`, openapi: `${base}/openapi.json` });
}

export function health({ response, services: { queue } }: RouteCall): void {
  sendJson(response, 200, { status: 'ok', running: queue.isRunning, queued: queue.length });
}

export function metrics({ response, services }: RouteCall): void {
  send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', services.metrics.toString());
}
