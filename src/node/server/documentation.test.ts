/** Every example of the hosted API's documentation, against the server, with nothing changed but the host. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createFalClient, fal as falClient } from '@fal-ai/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  mask,
  paintingEngine,
  picture,
  post,
  startTestServer,
  type TestServer,
  twoSteps,
} from '../../../test/support/server';
import type { InpaintRequest } from '../../contract/schema';

const examples = 'https://raw.githubusercontent.com/CompVis/latent-diffusion/main/data/inpainting_examples';
const required = {
  model_name: 'diffusers/stable-diffusion-xl-1.0-inpainting-0.1',
  prompt: 'a photo of a cat',
  image_url: `${examples}/overture-creations-5sI6fQgYIuo.png`,
  mask_url: `${examples}/overture-creations-5sI6fQgYIuo_mask.png`,
};
const full = {
  ...required,
  negative_prompt: 'cartoon, painting, illustration, (worst quality, low quality, normal quality:2)',
  num_inference_steps: 30,
  guidance_scale: 7.5,
  seed: 1234,
};
const curl = `curl --request POST \\
  --url https://fal.run/fal-ai/inpaint \\
  --header "Authorization: Key $FAL_KEY" \\
  --header "Content-Type: application/json" \\
  --data '{
     "model_name": "diffusers/stable-diffusion-xl-1.0-inpainting-0.1",
     "prompt": "a photo of a cat",
     "image_url": "${examples}/overture-creations-5sI6fQgYIuo.png",
     "mask_url": "${examples}/overture-creations-5sI6fQgYIuo_mask.png"
   }'`;

let server: TestServer;
let seen: InpaintRequest[];
beforeAll(async () => {
  // The examples' images are on the internet; these replace them.
  const pictures: Record<string, string> = { [required.image_url]: picture, [required.mask_url]: mask };
  server = await startTestServer(
    {
      engine: paintingEngine((request, call) => {
        seen.push(request);
        twoSteps(request, call);
      }),
      fetchPicture: async (address) => {
        const found = pictures[String(address)];
        return found === undefined ? new Response(null, { status: 404 }) : fetch(found);
      },
    },
    { key: 'key-of-the-examples' },
  );
});
afterAll(() => server.close());

const output = {
  image: {
    url: expect.stringContaining('/files/'),
    content_type: 'image/png',
    file_name: expect.stringMatching(/^.{12}\.png$/),
    file_size: expect.any(Number),
    width: 64,
    height: 64,
  },
  seed: expect.any(Number),
};
const authorization = { authorization: 'Key key-of-the-examples' };

it('the required parameters', async () => {
  seen = [];
  const response = await post(`${server.url}/fal-ai/inpaint`, required, authorization);
  expect(await response.json()).toEqual(output);
  expect(seen[0]).toMatchObject({
    ...required,
    ...{ negative_prompt: '', num_inference_steps: 30, guidance_scale: 7.5 },
    ...{ image_url: expect.any(Blob), mask_url: expect.any(Blob) },
  });
});

it('the full example', async () => {
  seen = [];
  const response = await post(`${server.url}/fal-ai/inpaint`, full, authorization);
  expect(await response.json()).toEqual({ ...output, seed: 1234 });
  expect(seen[0]).toMatchObject({ ...full, image_url: expect.any(Blob), mask_url: expect.any(Blob) });
});

it.each([
  'diffusers/stable-diffusion-xl-1.0-inpainting-0.1',
  'stabilityai/stable-diffusion-xl-base-1.0',
  'runwayml/stable-diffusion-v1-5',
  'SG161222/Realistic_Vision_V2.0',
])('the model %s is taken by name', async (model_name) => {
  seen = [];
  expect(
    (await post(`${server.url}/fal-ai/inpaint`, { ...required, model_name }, authorization)).status,
  ).toBe(200);
  expect(seen[0]?.model_name).toBe(model_name);
});

it.skipIf(spawnSync('curl', ['--version']).error !== undefined)('the cURL command', async () => {
  seen = [];
  const command = curl.replace('https://fal.run', server.url);
  const child = spawn('sh', ['-c', command], {
    env: { ...process.env, FAL_KEY: 'key-of-the-examples' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  expect(JSON.parse(text)).toEqual(output);
  expect(seen).toHaveLength(1);
});

it.skipIf(spawnSync('curl', ['--version']).error !== undefined)(
  'README’s example, as it is typed',
  async () => {
    seen = [];
    const [, example = ''] = /```sh\n(curl [\s\S]*?)```/.exec(readFileSync('README.md', 'utf8')) ?? [];
    const command = example
      .replace('http://127.0.0.1:8199', server.url)
      .replace('curl ', 'curl --header "Authorization: Key key-of-the-examples" ');
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    for await (const chunk of child.stdout) text += chunk;
    expect(JSON.parse(text)).toEqual(output);
    const sent = async (field: 'image_url' | 'mask_url') =>
      Buffer.from(await new Response(seen[0]?.[field]).arrayBuffer());
    expect((await sent('image_url')).equals(readFileSync('public/samples/sample.jpg'))).toBe(true);
    expect((await sent('mask_url')).equals(readFileSync('public/samples/sample-mask.png'))).toBe(true);
    expect(seen[0]).toMatchObject({ model_name: 'starter', num_inference_steps: 6, guidance_scale: 1 });
  },
);

/** The hosts of the hosted API, redirected to the server: that is the purpose of the client's `fetch` option. */
const toServer: typeof fetch = (input, init) => {
  const { hostname, pathname, search } = new URL(String(input));
  const prefix = hostname === 'queue.fal.run' ? '/queue' : '';
  return fetch(
    hostname.endsWith('fal.run') || hostname === 'rest.fal.ai'
      ? `${server.url}${prefix}${pathname}${search}`
      : input,
    init,
  );
};

it('the JavaScript example, through `fetch`', async () => {
  expect(typeof falClient.subscribe).toBe('function');
  const fal = createFalClient({ credentials: 'key-of-the-examples', fetch: toServer });
  const messages: string[] = [];
  let enqueued = '';
  const result = await fal.subscribe('fal-ai/inpaint', {
    input: required,
    logs: true,
    pollInterval: 20,
    onEnqueue: (id) => {
      enqueued = id;
    },
    onQueueUpdate: (update) => {
      if (update.status === 'COMPLETED') messages.push(...update.logs.map(({ message }) => message));
    },
  });
  expect(result.data).toEqual(output);
  expect(result.requestId).toBe(enqueued);
  expect(messages).toContain('100%| 2/2');
});

it('the JavaScript client’s stream of states, its upload and `run`, through `proxyUrl`', async () => {
  const fal = createFalClient({
    credentials: 'key-of-the-examples',
    proxyUrl: { url: `${server.url}/api/fal`, when: 'always' },
  });
  const updates: string[] = [];
  const image_url = await fal.storage.upload(await (await fetch(picture)).blob());
  const result = await fal.subscribe('fal-ai/inpaint', {
    input: { ...required, image_url },
    mode: 'streaming',
    logs: true,
    onQueueUpdate: ({ status }) => updates.push(status),
  });
  expect(result.data).toEqual(output);
  expect(updates.at(-1)).toBe('COMPLETED');
  expect((await fal.run('fal-ai/inpaint', { input: full })).data).toEqual({ ...output, seed: 1234 });
});
