import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CheckpointError, DeviceError, InternalError } from '../../engine/errors';
import {
  mask,
  paintingEngine,
  patientEngine,
  picture,
  post,
  required,
  startTestServer,
  type TestServer,
} from './server.testing';

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function start(...parameters: Parameters<typeof startTestServer>): Promise<TestServer> {
  const server = await startTestServer(...parameters);
  running.push(server);
  return server;
}

const bytesOf = (dataUri: string) => Buffer.from(dataUri.slice(dataUri.indexOf(',') + 1), 'base64');

describe('the direct endpoint', () => {
  it('answers with every field of the API, and the address gives the picture', async () => {
    const { url } = await start();
    const response = await post(`${url}/fal-ai/inpaint`, { ...required, seed: 1234 });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-fal-request-id')).toMatch(/^[\w-]{36}$/);
    const answer = await response.json();
    expect(answer).toEqual({
      image: {
        url: expect.stringMatching(new RegExp(`^${url}/files/[\\w-]{22}/[\\w-]{12}\\.png$`)),
        content_type: 'image/png',
        file_name: expect.stringMatching(/^[\w-]{12}\.png$/),
        file_size: bytesOf(picture).byteLength,
        width: 64,
        height: 64,
      },
      seed: 1234,
    });
    const file = await fetch(answer.image.url);
    expect(file.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await file.arrayBuffer()).equals(bytesOf(picture))).toBe(true);
  });

  it('fills in the documented defaults', async () => {
    let seen: unknown;
    const engine = paintingEngine((request) => {
      seen = request;
    });
    const { url } = await start({ engine });
    await post(`${url}/fal-ai/inpaint`, { ...required, seed: null });
    expect(seen).toMatchObject({ negative_prompt: '', num_inference_steps: 30, guidance_scale: 7.5 });
  });

  it('cancels the run of a client that goes away', async () => {
    const { engine, hasStarted } = patientEngine();
    const { url, lines } = await start({ engine });
    const controller = new AbortController();
    const answer = fetch(`${url}/fal-ai/inpaint`, {
      method: 'POST',
      body: JSON.stringify(required),
      signal: controller.signal,
    });
    await hasStarted;
    controller.abort();
    await expect(answer).rejects.toThrow();
    await expect
      .poll(() => lines.find(({ event }) => event === 'run'))
      .toMatchObject({ outcome: 'cancelled' });
  });
});

describe('a wrong request', () => {
  const detail = async (server: TestServer, body: unknown) => {
    const response = await post(`${server.url}/fal-ai/inpaint`, body);
    const answer = await response.json();
    expect(response.status, JSON.stringify(answer)).toBe(422);
    return answer.detail;
  };

  it.each(['model_name', 'prompt', 'image_url', 'mask_url'])(
    'names %s where it is missing',
    async (field) => {
      const { [field as keyof typeof required]: _, ...rest } = required;
      expect(await detail(await start(), rest)).toEqual([
        { loc: ['body', field], msg: 'Field required', type: 'missing' },
      ]);
    },
  );

  it.each([
    ['model_name', 3, 'string_type', 'Input should be a valid string'],
    ['model_name', ' ', 'string_too_short', 'String should have at least 1 character'],
    ['prompt', null, 'string_type', 'Input should be a valid string'],
    ['negative_prompt', [], 'string_type', 'Input should be a valid string'],
    ['image_url', 3, 'string_type', 'Input should be a valid string'],
    ['image_url', 'cat.png', 'url_parsing', 'Input should be an http(s) URL or a data URI'],
    ['image_url', 'file:///etc/passwd', 'url_parsing', 'Input should be an http(s) URL or a data URI'],
    ['mask_url', 'blob:x', 'url_parsing', 'Input should be an http(s) URL or a data URI'],
    ['num_inference_steps', '30', 'int_type', 'Input should be a valid integer'],
    ['num_inference_steps', 1.5, 'int_from_float', expect.stringContaining('fractional part')],
    ['num_inference_steps', -1, 'greater_than_equal', 'Input should be greater than or equal to 0'],
    ['num_inference_steps', 151, 'less_than_equal', 'Input should be less than or equal to 150'],
    ['guidance_scale', 'much', 'float_type', 'Input should be a valid number'],
    ['guidance_scale', -0.1, 'greater_than_equal', 'Input should be greater than or equal to 0'],
    ['guidance_scale', 20.1, 'less_than_equal', 'Input should be less than or equal to 20'],
    ['seed', 'lucky', 'int_type', 'Input should be a valid integer'],
    ['seed', 0.5, 'int_from_float', expect.stringContaining('fractional part')],
    ['seed', -1, 'greater_than_equal', 'Input should be greater than or equal to 0'],
  ])('names %s where it is %j', async (field, value, type, msg) => {
    const found = await detail(await start(), { ...required, [field]: value });
    expect(found).toEqual([expect.objectContaining({ loc: ['body', field], msg, type })]);
  });

  it('names everything that is wrong at once', async () => {
    const found = await detail(await start(), { ...required, prompt: 1, seed: 'x', guidance_scale: 21 });
    expect(found.map(({ loc }: { loc: string[] }) => loc[1])).toEqual(['prompt', 'guidance_scale', 'seed']);
  });

  it.each([
    ['no JSON', '{"prompt":', 'json_invalid'],
    ['an empty body', '', 'missing'],
    ['no object', '[]', 'model_attributes_type'],
    ['another encoding', '\ud800', 'json_invalid'],
  ])('is refused where the body is %s', async (_what, body, type) => {
    expect(await detail(await start(), body)).toEqual([expect.objectContaining({ type })]);
  });

  it('is refused where the body is too large', async () => {
    const { url } = await start({}, { maxBodyBytes: 20_000 });
    const response = await post(`${url}/fal-ai/inpaint`, { ...required, prompt: 'x'.repeat(30_000) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error_type: 'request_too_large' });
  });

  it('says which models there are', async () => {
    const found = await detail(await start({}, { models: ['starter'] }), { ...required, model_name: 'a/b' });
    expect(found).toEqual([
      {
        loc: ['body', 'model_name'],
        msg: 'model_name: this server paints with starter alone',
        type: 'value_error',
      },
    ]);
  });
});

describe('a failed run', () => {
  it.each([
    [
      new CheckpointError('unet: damaged'),
      422,
      [{ loc: ['body', 'model_name'], msg: 'unet: damaged', type: 'checkpoint_error' }],
    ],
    [
      new DeviceError('out of memory'),
      500,
      [{ loc: ['body'], msg: 'out of memory', type: 'internal_server_error' }],
    ],
    [
      new InternalError('/secret/path'),
      500,
      [{ loc: ['body'], msg: 'Internal server error', type: 'internal_server_error' }],
    ],
  ])('answers %s directly and from the queue, and the next one runs', async (error, status, detail) => {
    let failures = 2;
    const engine = paintingEngine(() => {
      if (failures-- > 0) throw error;
    });
    const { url } = await start({ engine });
    const direct = await post(`${url}/fal-ai/inpaint`, required);
    expect([direct.status, await direct.json()]).toEqual([status, { detail }]);
    const { status_url, response_url } = await (await post(`${url}/queue/fal-ai/inpaint`, required)).json();
    await expect
      .poll(async () => (await fetch(status_url)).json())
      .toMatchObject({ status: 'COMPLETED', error: detail[0]?.msg });
    const result = await fetch(response_url);
    expect([result.status, await result.json()]).toEqual([status, { detail }]);
    expect((await post(`${url}/fal-ai/inpaint`, required)).status).toBe(200);
  });
});

describe('the queue', () => {
  it('tells position, progress and result, in the order of arrival', async () => {
    const { engine, hasStarted, release } = patientEngine();
    const { url } = await start({ engine });
    const submit = async () => (await post(`${url}/queue/fal-ai/inpaint`, required)).json();
    const first = await submit();
    const second = await submit();
    const third = await submit();
    await hasStarted;
    expect(first).toEqual({
      status: 'IN_PROGRESS',
      request_id: first.request_id,
      response_url: `${url}/fal-ai/inpaint/requests/${first.request_id}`,
      status_url: `${url}/fal-ai/inpaint/requests/${first.request_id}/status`,
      cancel_url: `${url}/fal-ai/inpaint/requests/${first.request_id}/cancel`,
      logs: null,
    });
    expect([second.status, second.queue_position, third.queue_position]).toEqual(['IN_QUEUE', 0, 1]);
    const early = await fetch(first.response_url);
    expect([early.status, (await early.json()).detail]).toEqual([400, 'Request is still in progress']);

    const cancelled = await fetch(second.cancel_url, { method: 'PUT' });
    expect([cancelled.status, await cancelled.json()]).toEqual([202, { status: 'CANCELLATION_REQUESTED' }]);
    const moved = await fetch(third.status_url);
    expect([moved.status, await moved.json()]).toEqual([202, expect.objectContaining({ queue_position: 0 })]);

    release();
    await expect.poll(async () => (await fetch(first.status_url)).status).toBe(200);
    expect((await fetch(first.response_url)).status).toBe(200);
    expect((await fetch(second.response_url)).status).toBe(499);
    const late = await fetch(first.cancel_url, { method: 'PUT' });
    expect([late.status, await late.json()]).toEqual([400, { status: 'ALREADY_COMPLETED' }]);
  });

  it('streams each change with the log’s new lines', async () => {
    const { url } = await start();
    const { status_url } = await (await post(`${url}/queue/fal-ai/inpaint`, required)).json();
    const response = await fetch(`${status_url}/stream?logs=1`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events = (await response.text())
      .split('\n\n')
      .filter((block) => block.startsWith('data: '))
      .map((block) => JSON.parse(block.slice('data: '.length)));
    expect(events.at(-1)).toMatchObject({
      status: 'COMPLETED',
      metrics: { inference_time: expect.any(Number) },
    });
    const logs = events.flatMap((event) => event.logs ?? []);
    expect(logs.map(({ message }) => message)).toEqual([
      'Encoding picture and prompt',
      '  0%| 0/2',
      ' 50%| 1/2',
      '100%| 2/2',
      'Decoding the picture',
    ]);
    expect(logs[0]).toEqual({
      message: expect.any(String),
      level: 'INFO',
      source: 'USER',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('gives up what has not begun in time, with the user’s kind of 504', async () => {
    const { engine, hasStarted } = patientEngine();
    const { url } = await start({ engine });
    void post(`${url}/queue/fal-ai/inpaint`, required);
    await hasStarted;
    const response = await post(`${url}/fal-ai/inpaint`, required, { 'X-Fal-Request-Timeout': '0.05' });
    expect(response.status).toBe(504);
    expect(response.headers.get('x-fal-request-timeout-type')).toBe('user');
    expect(await response.json()).toEqual({ detail: 'Request timed out', error_type: 'request_timeout' });
  });

  it('takes no more than fit, and says when to come again', async () => {
    const { engine, hasStarted, release } = patientEngine();
    const { url } = await start({ engine }, { queueLimit: 1 });
    const first = post(`${url}/fal-ai/inpaint`, required);
    await hasStarted;
    const second = await (await post(`${url}/queue/fal-ai/inpaint`, required)).json();
    const third = await post(`${url}/fal-ai/inpaint`, required);
    expect(third.status).toBe(429);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
    await fetch(second.cancel_url, { method: 'PUT' });
    release();
    expect((await first).status).toBe(200);
  });

  it('knows a queue’s request by host, path or the clients’ header', async () => {
    const { url } = await start();
    const byHeader = await post(`${url}/fal-ai/inpaint`, required, { 'x-fal-queue-priority': 'normal' });
    expect(await byHeader.json()).toMatchObject({ request_id: expect.any(String) });
    const byProxy = await post(`${url}/api/fal`, required, {
      'x-fal-target-url': 'https://queue.fal.run/fal-ai/inpaint',
    });
    expect(await byProxy.json()).toMatchObject({ request_id: expect.any(String) });
    const direct = await post(`${url}/api/fal`, required, {
      'x-fal-target-url': 'https://fal.run/fal-ai/inpaint',
    });
    expect(await direct.json()).toMatchObject({ seed: 42 });
  });

  it.each(['status', 'status/stream', 'cancel', ''])(
    'answers 404 for an unknown request’s %s',
    async (what) => {
      const { url } = await start();
      const method = what === 'cancel' ? 'PUT' : 'GET';
      const response = await fetch(`${url}/fal-ai/inpaint/requests/none/${what}`, { method });
      expect(response.status).toBe(404);
    },
  );
});

describe('uploads and results', () => {
  it('takes a picture of 12 MB in two steps and paints from its address', async () => {
    const { url } = await start();
    const bytes = Buffer.alloc(12e6, 7);
    const upload = { content_type: 'image/png', file_name: '../../photo of me.png' };
    const addresses = await (
      await post(`${url}/storage/upload/initiate?storage_type=fal-cdn-v3`, upload)
    ).json();
    expect(addresses.file_url).toMatch(/\/files\/[\w-]{22}\/photo-of-me\.png$/);
    const put = () => fetch(addresses.upload_url, { method: 'PUT', body: bytes });
    expect((await put()).status).toBe(200);
    expect((await put()).status).toBe(409);
    const answer = await (
      await post(`${url}/fal-ai/inpaint`, { ...required, image_url: addresses.file_url })
    ).json();
    expect(answer.image.file_size).toBe(bytes.byteLength);
    const result = Buffer.from(await (await fetch(answer.image.url)).arrayBuffer());
    expect(result.equals(bytes)).toBe(true);
  });

  it('never gives an upload out as something that a browser runs', async () => {
    const { url } = await start();
    const upload = { content_type: 'text/html', file_name: 'x.html' };
    const { upload_url, file_url } = await (await post(`${url}/storage/upload/initiate`, upload)).json();
    await fetch(upload_url, { method: 'PUT', body: '<script>' });
    const file = await fetch(file_url);
    expect(file.headers.get('content-type')).toBe('application/octet-stream');
    expect(file.headers.get('content-security-policy')).toContain('sandbox');
  });

  it('refuses uploads that are too large, in one piece and in many', async () => {
    const { url } = await start({}, { maxPictureBytes: 1000 });
    const upload = { content_type: 'image/png', file_name: 'a.png' };
    const { upload_url } = await (await post(`${url}/storage/upload/initiate`, upload)).json();
    expect((await fetch(upload_url, { method: 'PUT', body: Buffer.alloc(2000) })).status).toBe(413);
    expect((await post(`${url}/storage/upload/initiate-multipart`, upload)).status).toBe(413);
  });

  it('forgets requests and files after their time', async () => {
    const { url } = await start({}, { keepMs: 300 });
    const { response_url, status_url } = await (await post(`${url}/queue/fal-ai/inpaint`, required)).json();
    await expect.poll(async () => (await fetch(status_url)).status).toBe(200);
    const { image } = await (await fetch(response_url)).json();
    expect((await fetch(image.url)).status).toBe(200);
    await expect.poll(async () => (await fetch(status_url)).status).toBe(404);
    await expect.poll(async () => (await fetch(image.url)).status).toBe(404);
  });

  it('keeps them in a folder that the next server gives them out from', async () => {
    const resultsFolder = mkdtempSync(join(tmpdir(), 'inlay-results-'));
    try {
      const first = await startTestServer({}, { resultsFolder });
      const { image } = await (await post(`${first.url}/fal-ai/inpaint`, required)).json();
      await first.close();
      expect(readdirSync(resultsFolder)).toHaveLength(1);
      const second = await start({}, { resultsFolder });
      const file = await fetch(image.url.replace(first.url, second.url));
      expect(Buffer.from(await file.arrayBuffer()).equals(bytesOf(picture))).toBe(true);
      const third = await start({}, { resultsFolder, keepMs: 1 });
      expect((await fetch(image.url.replace(first.url, third.url))).status).toBe(404);
    } finally {
      rmSync(resultsFolder, { recursive: true });
    }
  });
});

describe('who may use it', () => {
  it('asks for the key everywhere but at health, metrics, document and secret addresses', async () => {
    const { url } = await start({}, { key: 'marker-key-1' });
    const paint = (authorization?: string) =>
      post(`${url}/fal-ai/inpaint`, required, authorization === undefined ? {} : { authorization });
    for (const wrong of [undefined, 'Key marker-key-2', 'marker-key-1', 'Bearer marker-key-1']) {
      const response = await paint(wrong);
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain('marker-key');
    }
    expect((await fetch(`${url}/fal-ai/inpaint/requests/x/status`)).status).toBe(401);
    expect((await post(`${url}/storage/upload/initiate`, {})).status).toBe(401);
    const answer = await paint('Key marker-key-1');
    expect(answer.status).toBe(200);
    expect((await fetch((await answer.json()).image.url)).status).toBe(200);
    for (const open of ['health', 'metrics', 'openapi.json']) {
      expect((await fetch(`${url}/${open}`)).status).toBe(200);
    }
  });

  it('serves pages of this machine and those that were invited, and no others', async () => {
    const { url } = await start({}, { allowedOrigins: ['https://editor.example'] });
    const ask = (origin: string) => post(`${url}/fal-ai/inpaint`, required, { origin });
    expect((await ask('https://evil.example')).status).toBe(403);
    expect((await ask('http://localhost.evil.example')).status).toBe(403);
    expect((await ask('null')).status).toBe(403);
    for (const origin of ['https://editor.example', 'http://localhost:4173']) {
      const response = await ask(origin);
      expect(response.status).toBe(200);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      expect(response.headers.get('access-control-expose-headers')).toContain('x-fal-request-id');
    }
    const preflight = await fetch(`${url}/fal-ai/inpaint`, {
      method: 'OPTIONS',
      headers: { origin: 'https://editor.example', 'access-control-request-headers': 'authorization' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'authorization',
    ]);
  });
});

describe('operation', () => {
  it('reports health and metrics', async () => {
    const { url } = await start();
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok', running: false, queued: 0 });
    await post(`${url}/fal-ai/inpaint`, required);
    await post(`${url}/fal-ai/inpaint`, {});
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    const text = await response.text();
    expect(text).toContain('# TYPE inlay_http_requests_total counter');
    expect(text).toContain('inlay_http_requests_total{route="direct",status="200"} 1');
    expect(text).toContain('inlay_http_requests_total{route="direct",status="422"} 1');
    expect(text).toContain('inlay_runs_total{outcome="succeeded"} 1');
    expect(text).toMatch(/^inlay_queue_length 0$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  it('logs requests and runs without their contents', async () => {
    const { url, lines } = await start({}, { key: 'marker-key-3' });
    await post(
      `${url}/fal-ai/inpaint`,
      { ...required, prompt: 'marker-prompt' },
      { authorization: 'Key marker-key-3' },
    );
    await expect.poll(() => lines.map(({ event }) => event)).toEqual(['run', 'request']);
    expect(lines[1]).toMatchObject({
      method: 'POST',
      route: 'direct',
      status: 200,
      request_id: lines[0]?.request_id,
    });
    expect(JSON.stringify(lines)).not.toContain('marker');
  });

  it('describes itself from the schema', async () => {
    const { url } = await start();
    const document = await (await fetch(`${url}/openapi.json`)).json();
    const input = document.components.schemas.InpaintInput;
    expect(input.required).toEqual(['model_name', 'prompt', 'image_url', 'mask_url']);
    expect(input.properties).toMatchObject({
      negative_prompt: { type: 'string', default: '' },
      num_inference_steps: { type: 'integer', minimum: 0, maximum: 150, default: 30 },
      guidance_scale: { type: 'number', minimum: 0, maximum: 20, default: 7.5 },
      seed: { type: 'integer', minimum: 0 },
      image_url: { type: 'string', format: 'uri' },
    });
    expect(document.components.schemas.InpaintOutput.required).toEqual(['image', 'seed']);
    // Every reference leads somewhere.
    for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
    expect(Object.keys(document.paths)).toHaveLength(7);
  });

  it.each([
    ['GET', '/', 200],
    ['HEAD', '/health', 200],
    ['GET', '/nowhere', 404],
    ['GET', '/fal-ai/inpaint', 405],
    ['POST', '/health', 405],
    ['GET', '/files/x/y', 404],
    ['PUT', '/uploads/x', 404],
    ['POST', '/api/fal', 404],
  ])('answers %s %s with %i', async (method, path, status) => {
    const { url } = await start();
    expect((await fetch(url + path, { method })).status).toBe(status);
  });
});

it('reads masks as data URIs that are not base64, too', async () => {
  const { url } = await start();
  const encoded = `data:image/png,${[...bytesOf(mask)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`;
  const answer = await (await post(`${url}/fal-ai/inpaint`, { ...required, image_url: encoded })).json();
  const file = Buffer.from(await (await fetch(answer.image.url)).arrayBuffer());
  expect(file.equals(bytesOf(mask))).toBe(true);
});
