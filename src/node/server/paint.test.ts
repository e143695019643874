/** What is generated, what is refused, and what fails. */
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  mask,
  paintingEngine,
  patientEngine,
  picture,
  post,
  required,
  type TestServer,
} from '../../../test/support/server';
import { start } from '../../../test/support/startServer';
import { CheckpointError, DeviceError, InputError, InternalError } from '../../contract/errors';
import { leftToModel } from './painting/runner';

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
    // The engine is told which values are only placeholders for missing fields.
    expect(leftToModel({ ...required, seed: null })).toEqual([
      'num_inference_steps',
      'guidance_scale',
      'scheduler',
    ]);
    expect(leftToModel({ ...required, guidance_scale: 7.5 })).toEqual(['num_inference_steps', 'scheduler']);
  });

  it('takes a removal without a prompt, and asks for one where it is needed', async () => {
    const seen: unknown[] = [];
    const { url } = await start({ engine: paintingEngine((request) => void seen.push(request)) });
    const { prompt: _, ...unsaid } = required;
    const removal = await post(`${url}/fal-ai/inpaint`, { ...unsaid, model_name: 'fill' });
    expect(removal.status).toBe(200);
    expect(seen).toEqual([expect.objectContaining({ model_name: 'fill', prompt: '' })]);
    expect((await post(`${url}/fal-ai/inpaint`, unsaid)).status).toBe(422);
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

it('reads masks as data URIs that are not base64, too', async () => {
  const { url } = await start();
  const encoded = `data:image/png,${[...bytesOf(mask)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`;
  const answer = await (await post(`${url}/fal-ai/inpaint`, { ...required, image_url: encoded })).json();
  const file = Buffer.from(await (await fetch(answer.image.url)).arrayBuffer());
  expect(file.equals(bytesOf(mask))).toBe(true);
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
    ['prompt', 'x'.repeat(65_537), 'string_too_long', 'String should have at most 65536 characters'],
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
        msg: 'model_name: this server offers only starter',
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
      new InputError('hub_token', 'unet: the model is gated; enter a token'),
      422,
      [
        {
          loc: ['body', 'model_name'],
          msg: 'unet: the model is gated; use another model, or ask the operator of this server for a token with access to it (HF_TOKEN)',
          type: 'value_error',
        },
      ],
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
