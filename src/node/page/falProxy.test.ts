import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFalProxy, falProxyFromEnv } from './falProxy';

const KEY = 'marker-key-of-the-proxy';
let upstream: Server;
let proxy: Server;
let port: number;
let seen: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[];
let status = 200;
let contentType = 'application/json';

beforeAll(async () => {
  upstream = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method, url: request.url, headers: request.headers, body });
    if (status === 302) response.setHeader('Location', 'https://elsewhere.example/');
    response.writeHead(status, {
      'Content-Type': contentType,
      'X-Fal-Request-Id': 'id-1',
      'X-Fal-Billable-Units': '1',
      'Retry-After': '7',
      'Set-Cookie': 'a=b',
    });
    response.end('{"detail":"as upstream says"}');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  proxy = createServer(
    createFalProxy({ key: KEY, upstream: origin, hosts: ['inlay.example'], maxBodyBytes: 1000 }),
  );
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  port = (proxy.address() as AddressInfo).port;
});
afterAll(() => {
  proxy.close();
  upstream.close();
});
beforeEach(() => {
  seen = [];
  status = 200;
  contentType = 'application/json';
});

interface Asked {
  method?: string;
  target?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** node:http, since `fetch` forbids some of these headers. */
function ask({
  method = 'POST',
  target = 'https://queue.fal.run/fal-ai/inpaint',
  headers,
  body = '{}',
}: Asked = {}) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; text: string }>(
    (resolve, reject) => {
      const sent = {
        host: `localhost:${port}`,
        'sec-fetch-site': 'same-origin',
        ...(target !== '' && { 'x-fal-target-url': target }),
        ...headers,
      };
      // An empty header is one that is left out.
      const filled = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== ''));
      const outgoing = httpRequest({ port, host: '127.0.0.1', method, headers: filled }, async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
      outgoing.on('error', reject).end(method === 'POST' || method === 'PUT' ? body : undefined);
    },
  );
}

describe('createFalProxy', () => {
  it.each([
    ['POST', 'https://fal.run/fal-ai/inpaint', '/fal-ai/inpaint'],
    ['POST', 'https://queue.fal.run/fal-ai/inpaint', '/queue/fal-ai/inpaint'],
    [
      'GET',
      'https://queue.fal.run/fal-ai/inpaint/requests/a-1/status?logs=1',
      '/queue/fal-ai/inpaint/requests/a-1/status?logs=1',
    ],
    [
      'GET',
      'https://queue.fal.run/fal-ai/inpaint/requests/a-1/status/stream',
      '/queue/fal-ai/inpaint/requests/a-1/status/stream',
    ],
    ['GET', 'https://queue.fal.run/fal-ai/inpaint/requests/a-1', '/queue/fal-ai/inpaint/requests/a-1'],
    [
      'PUT',
      'https://queue.fal.run/fal-ai/inpaint/requests/a-1/cancel',
      '/queue/fal-ai/inpaint/requests/a-1/cancel',
    ],
    [
      'POST',
      'https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3',
      '/storage/upload/initiate?storage_type=fal-cdn-v3',
    ],
  ])('forwards %s %s with its own key', async (method, target, url) => {
    const answer = await ask({
      method,
      target,
      headers: { authorization: 'Key of-the-caller', cookie: 'c=d', 'x-fal-queue-priority': 'normal' },
    });
    expect(answer.status).toBe(200);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      method,
      url,
      headers: { authorization: `Key ${KEY}`, 'x-fal-queue-priority': 'normal' },
    });
    expect(seen[0]?.headers.cookie).toBeUndefined();
    expect(seen[0]?.headers['x-fal-target-url']).toBeUndefined();
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(JSON.stringify(answer)).not.toContain(KEY);
  });

  it.each([
    ['POST', 'http://queue.fal.run/fal-ai/inpaint'],
    ['POST', 'https://queue.fal.run.evil.example/fal-ai/inpaint'],
    ['POST', 'https://evil.example/fal-ai/inpaint'],
    ['POST', 'https://queue.fal.run:8443/fal-ai/inpaint'],
    ['POST', 'https://user:pass@queue.fal.run/fal-ai/inpaint'],
    ['POST', 'https://queue.fal.run@evil.example/fal-ai/inpaint'],
    ['POST', 'https://queue.fal.run/fal-ai/flux/dev'],
    ['POST', 'https://queue.fal.run/fal-ai/inpaint/../flux'],
    ['POST', 'https://queue.fal.run/fal-ai/inpainter'],
    ['GET', 'https://queue.fal.run/fal-ai/inpaint/requests/a/../../../keys'],
    ['DELETE', 'https://queue.fal.run/fal-ai/inpaint/requests/a'],
    ['GET', 'https://rest.fal.ai/keys'],
    ['POST', 'https://rest.fal.ai/storage/upload/initiate-multipart'],
    ['POST', 'https://queue.fal.run/fal-ai/inpaint?fal_webhook=https://evil.example'],
    ['POST', 'https://fal.run/fal-ai/inpaint?logs=1'],
    ['GET', 'https://queue.fal.run/fal-ai/inpaint/requests/a/status?logs=1&fal_jwt_token=x'],
    ['PUT', 'https://queue.fal.run/fal-ai/inpaint/requests/a/cancel?x=1'],
    ['POST', 'https://rest.fal.ai/storage/upload/initiate?storage_type=a&x=1'],
  ])('refuses %s %s', async (method, target) => {
    expect((await ask({ method, target })).status).toBe(403);
    expect(seen).toEqual([]);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' }],
    ['an old browser on another site', { 'sec-fetch-site': '', origin: 'https://evil.example' }],
    [
      'an old browser’s reading from another site',
      { 'sec-fetch-site': '', referer: 'https://evil.example/x' },
    ],
    ['no browser', { 'sec-fetch-site': '' }],
    ['https of the same host, unvouched', { 'sec-fetch-site': '', origin: 'https://localhost:PORT' }],
    ['another scheme of the same host', { origin: 'ftp://localhost:PORT' }],
    ['another port of the same host', { origin: 'http://localhost:1' }],
    ['an opaque origin', { 'sec-fetch-site': '', origin: 'null' }],
    ['a name that leads here by its own DNS', { host: 'rebound.example', origin: 'http://rebound.example' }],
  ])('refuses %s', async (_who, given: Record<string, string>) => {
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value.replace('PORT', String(port))]),
    );
    const answer = await ask({ headers });
    expect([answer.status, JSON.parse(answer.text).error_type]).toEqual([403, 'forbidden_origin']);
    expect(seen).toEqual([]);
  });

  it.each([
    ['the page in a browser', () => ({ origin: `http://localhost:${port}` })],
    [
      'the page on an address without https',
      () => ({ host: `192.168.1.5:${port}`, 'sec-fetch-site': '', origin: `http://192.168.1.5:${port}` }),
    ],
    [
      'its reading there',
      () => ({ host: `192.168.1.5:${port}`, 'sec-fetch-site': '', referer: `http://192.168.1.5:${port}/` }),
    ],
    [
      'the page behind a proxy that ends TLS',
      () => ({
        host: 'inlay.example',
        'sec-fetch-site': '',
        origin: 'https://inlay.example',
        'x-forwarded-proto': 'https',
      }),
    ],
    ['the name that HOST gives it', () => ({ host: 'inlay.example', origin: 'https://inlay.example' })],
  ])('admits %s', async (_who, headers) => {
    expect((await ask({ headers: headers() })).status).toBe(200);
  });

  it.each([400, 401, 422, 429, 500, 504])('passes the status %i and the answer through', async (code) => {
    status = code;
    const answer = await ask();
    expect([answer.status, answer.text]).toEqual([code, '{"detail":"as upstream says"}']);
    expect(answer.headers).toMatchObject({
      'x-fal-request-id': 'id-1',
      'retry-after': '7',
      'content-type': 'application/json',
    });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('hands on what the clients read, and nothing that a browser would show', async () => {
    contentType = 'text/html';
    const { headers } = await ask();
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'x-fal-request-id': 'id-1',
    });
    expect(headers['x-fal-billable-units']).toBeUndefined();
    contentType = 'text/event-stream; charset=utf-8';
    expect((await ask()).headers['content-type']).toBe(contentType);
  });

  it('follows no redirect with the key', async () => {
    status = 302;
    expect((await ask()).status).toBe(502);
  });

  it('limits what it forwards', async () => {
    expect((await ask({ body: 'x'.repeat(2000) })).status).toBe(413);
    expect(seen).toEqual([]);
  });

  it('tells the page that it is there, and asks others for an address', async () => {
    const there = await ask({ method: 'GET', target: '' });
    expect([there.status, JSON.parse(there.text)]).toEqual([200, { endpoint: 'fal-ai/inpaint' }]);
    expect((await ask({ target: '' })).status).toBe(412);
  });
});

it('is mounted only where FAL_KEY is set', () => {
  expect(falProxyFromEnv({})).toBeUndefined();
  expect(falProxyFromEnv({ FAL_KEY: ' ' })).toBeUndefined();
  expect(falProxyFromEnv({ FAL_KEY: 'k', INLAY_FAL_URL: 'http://localhost:1', HOST: 'h' })).toEqual({
    key: 'k',
    upstream: 'http://localhost:1',
    hosts: ['h'],
  });
});
