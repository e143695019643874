/**
 * What the Python client sends, replayed without Python: every request of a session of fal_client 1.0.3 (httpx 0.28.1,
 * Python 3.11) against this server, recorded on 2026-11-22 by a proxy that terminated TLS for fal's hosts. The client was
 * unmodified: HTTPS_PROXY and SSL_CERT_FILE led it here. Left out: repeated polls, and the headers of the connection. URLs
 * that the server had issued are filled in again; names in braces replace keys and images.
 */
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  bytesOf,
  mask,
  paintingEngine,
  picture,
  startTestServer,
  type TestServer,
  twoSteps,
} from '../../../test/support/server';

const KEY = 'key-of-the-recording';

interface Recorded {
  /** The client function that a step begins. */
  call?: string;
  method: 'GET' | 'POST' | 'PUT';
  host: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  status: number;
}

const usual = {
  accept: '*/*',
  'accept-encoding': 'gzip, deflate',
  authorization: 'Key {key}',
  'user-agent': 'fal-client/1.0.3 (python)',
};
const json = { ...usual, 'content-type': 'application/json' };
const restJson = { ...json, accept: 'application/json' };
/** httpx writes JSON without blanks. */
const input = (steps: number, more = '', image = '{picture}') =>
  `{"model_name":"starter","prompt":"a photo of a cat","image_url":"${image}","mask_url":"{mask}","num_inference_steps":${steps},"seed":1234${more}}`;

const queue = { host: 'queue.fal.run' };
const ofRequest = '/fal-ai/inpaint/requests/{request_id}';
const endpoint = { method: 'POST', path: '/fal-ai/inpaint', headers: json, status: 200 } as const;
const get = { method: 'GET', headers: usual, status: 200, ...queue } as const;

const session: readonly Recorded[] = [
  { call: 'subscribe(…, with_logs=True, on_queue_update=…)', ...endpoint, ...queue, body: input(2) },
  { ...get, path: `${ofRequest}/status?logs=true` },
  { ...get, path: `${ofRequest}/status?logs=false` },
  { ...get, path: ofRequest },
  { call: 'run(…)', ...endpoint, host: 'fal.run', body: input(2) },
  {
    call: "submit(…, start_timeout=30, priority='low')",
    ...endpoint,
    ...queue,
    headers: { ...json, 'x-fal-queue-priority': 'low', 'x-fal-request-timeout': '30.0' },
    body: input(2),
  },
  { call: 'handle.status(with_logs=True)', ...get, path: `${ofRequest}/status?logs=true` },
  { call: 'handle.get()', ...get, path: `${ofRequest}/status?logs=false` },
  { ...get, path: ofRequest },
  {
    call: 'handle.cancel(), too late',
    ...queue,
    method: 'PUT',
    path: `${ofRequest}/cancel`,
    headers: { ...usual, 'content-length': '0' },
    status: 400,
  },
  { call: 'submit(…)', ...endpoint, ...queue, body: input(150) },
  {
    call: 'handle.cancel()',
    ...queue,
    method: 'PUT',
    path: `${ofRequest}/cancel`,
    headers: { ...usual, 'content-length': '0' },
    status: 202,
  },
  { call: 'handle.get()', ...get, path: `${ofRequest}/status?logs=false` },
  { ...get, path: ofRequest, status: 499 },
  {
    call: 'run(…), out of range',
    ...endpoint,
    host: 'fal.run',
    body: input(2, ',"guidance_scale":99'),
    status: 422,
  },
  {
    call: "upload_file('input-64x64.png')",
    method: 'POST',
    host: 'rest.fal.ai',
    path: '/storage/auth/token?storage_type=fal-cdn-v3',
    headers: { ...restJson, 'user-agent': 'python-httpx/0.28.1' },
    body: '{}',
    status: 200,
  },
  {
    method: 'POST',
    host: 'v3.fal.media',
    path: '/files/upload',
    headers: {
      ...usual,
      ...{
        authorization: 'Bearer {token}',
        'content-type': 'image/png',
        'x-fal-file-name': 'input-64x64.png',
      },
    },
    body: '{picture bytes}',
    status: 200,
  },
  { call: 'run(…)', ...endpoint, host: 'fal.run', body: input(2, '', '{access_url}') },
  {
    call: "upload(…, repository='fal')",
    method: 'POST',
    host: 'rest.fal.ai',
    path: '/storage/upload/initiate?storage_type=gcs',
    headers: restJson,
    body: '{"file_name":"a.png","content_type":"image/png"}',
    status: 200,
  },
  {
    method: 'PUT',
    host: 'rest.fal.ai',
    path: '{upload_path}',
    headers: { ...usual, 'content-type': 'image/png' },
    body: '{picture bytes}',
    status: 200,
  },
];

let server: TestServer;
const painted: string[] = [];
beforeAll(async () => {
  const engine = paintingEngine(async (request, call) => {
    const { image_url } = request;
    if (image_url instanceof Blob)
      painted.push(Buffer.from(await image_url.arrayBuffer()).toString('base64'));
    if (request.num_inference_steps < 150) return twoSteps(request, call);
    await new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));
  });
  server = await startTestServer({ engine }, { key: KEY, allowedHosts: session.map(({ host }) => host) });
});
afterAll(() => server.close());

/** node:http, since `fetch` sets `Host` by itself. */
function send({ method, host, path, headers }: Recorded, body: Buffer) {
  return new Promise<{ status: number; answer: Record<string, unknown> }>((resolve, reject) => {
    const options = { method, path, headers: { ...headers, host } };
    const outgoing = httpRequest(server.url, options, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, answer: JSON.parse(text) });
    });
    outgoing.on('error', reject).end(body);
  });
}

it('every request of the recorded session is answered as the client expects it', async () => {
  const bytes = bytesOf(picture);
  const known: Record<string, string> = { key: KEY, picture, mask };
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (whole, name) => known[name] ?? whole);
  let call = '';
  for (const recorded of session) {
    call = recorded.call ?? call;
    const headers = Object.entries(recorded.headers ?? {}).map(([name, value]) => [name, fill(value)]);
    const filled = { ...recorded, path: fill(recorded.path), headers: Object.fromEntries(headers) };
    const { body = '' } = recorded;
    const sendIt = () => send(filled, body === '{picture bytes}' ? bytes : Buffer.from(fill(body)));
    let { status, answer } = await sendIt();
    // The client polls, too.
    while (status === 202 && recorded.status === 200) ({ status, answer } = await sendIt());
    expect(status, `${call}: ${recorded.method} ${filled.path} ${JSON.stringify(answer)}`).toBe(
      recorded.status,
    );
    for (const [name, value] of Object.entries(answer)) if (typeof value === 'string') known[name] = value;
    if (typeof answer.upload_url === 'string') known.upload_path = new URL(answer.upload_url).pathname;
    if (recorded.path === ofRequest && status === 200) {
      expect(answer).toMatchObject({ image: { width: 64, height: 64 }, seed: 1234 });
    }
    if (recorded.path.includes('/status')) {
      // client.py, _parse_status: what it reads of a finished run.
      expect(answer).toMatchObject({ status: 'COMPLETED', metrics: { inference_time: expect.any(Number) } });
      expect(answer.logs === null).toBe(recorded.path.endsWith('logs=false'));
    }
    if (status === 422) expect(answer.detail).toMatchObject([{ loc: ['body', 'guidance_scale'] }]);
    // Before 3.11 Python's `fromisoformat` took no "Z".
    if ('expires_at' in answer) expect(answer.expires_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/);
  }
  // subscribe, run, submit, the cancelled one, and the uploaded image.
  expect(painted).toEqual(Array(5).fill(bytes.toString('base64')));
});

it('takes no upload without a token of its own', async () => {
  for (const authorization of ['Bearer x', `Key ${KEY}`, '']) {
    const response = await fetch(`${server.url}/files/upload`, {
      method: 'POST',
      headers: { 'content-type': 'image/png', ...(authorization && { authorization }) },
      body: 'x',
    });
    expect([response.status, (await response.json()).error_type]).toEqual([401, 'unauthorized']);
  }
});
