/** Who has the key, and what the server says about itself. */
import { describe, expect, it } from 'vitest';
import { post, required } from '../../../test/support/server';
import { start } from '../../../test/support/startServer';
import { parametersOf } from './paths';
import { routes } from './routes';

describe('the key', () => {
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
});

describe('the routes', () => {
  it('have names and places of their own', () => {
    expect(new Set(routes.map(({ name }) => name)).size).toBe(routes.length);
    const places = routes.map(({ method, path, isQueued }) => `${method} ${path} ${isQueued}`);
    expect(new Set(places).size).toBe(routes.length);
  });

  it('need a key but for those that say nothing private, or whose URL is a secret', () => {
    expect(routes.filter(({ open }) => open).map(({ name }) => name)).toEqual([
      ...['home', 'health', 'metrics', 'openApi'],
      ...['receiveUpload', 'uploadWithToken', 'file'],
    ]);
    expect(routes.filter(({ embeddable }) => embeddable).map(({ name }) => name)).toEqual(['file']);
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
    expect(text).toContain('inlay_http_requests_total{route="run",status="200"} 1');
    expect(text).toContain('inlay_http_requests_total{route="run",status="422"} 1');
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
      route: 'run',
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
    for (const { name, method, path, isQueued } of routes) {
      const documented = document.paths[`${isQueued ? '/queue' : ''}${path}`][method.toLowerCase()];
      expect(documented).toMatchObject({ operationId: name, summary: expect.any(String) });
      for (const parameter of parametersOf(path)) {
        expect(documented.parameters).toContainEqual(
          expect.objectContaining({ name: parameter, in: 'path' }),
        );
      }
    }
    expect(Object.keys(document.paths)).toHaveLength(routes.length);
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
    ['GET', '//', 400],
  ])('answers %s %s with %i', async (method, path, status) => {
    const { url } = await start();
    expect((await fetch(url + path, { method })).status).toBe(status);
  });
});
