/**
 * One suite, two engines: the pipeline, and the hosted engine through client, proxy and server to the pipeline. In
 * Chromium they run in e2e/hostedEngine.spec.ts.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type ContractSubject, contractCases } from '../../../test/support/engineContract';
import { startTestServer } from '../../../test/support/server';
import { createHostedEngine } from '../../engine/hosted';
import { createFalProxy } from '../page/falProxy';
import { createPaintEngine } from '../server/painting/paintEngine';
import { PROXY_PATH } from '../server/paths';

const blobOf = (name: string) =>
  new Blob([new Uint8Array(readFileSync(`goldens/pictures/${name}`))], { type: 'image/png' });
const input = {
  model_name: 'tiny/inpainting',
  image_url: blobOf('input-64x64.png'),
  mask_url: blobOf('mask-64x64.png'),
};
const otherMask = blobOf('mask-72x88.png');
// No hub: an id that is not one of the folders must fail, not be fetched.
const paint = {
  threads: 1,
  folders: { 'tiny/inpainting': 'goldens/models/sd15-inpaint' },
  hubUrl: 'http://127.0.0.1:1',
};
const startPipeline = () => createPaintEngine({ paint, network: { allowPrivate: false } });

type Opened = ContractSubject & { close(): Promise<void> };

async function openPipeline(): Promise<Opened> {
  const engine = startPipeline();
  return { engine, input, otherMask, close: () => engine.dispose() };
}

async function openHosted(): Promise<Opened> {
  const server = await startTestServer({ engine: startPipeline() }, { key: 'contract-key' });
  const proxy = createServer(createFalProxy({ key: 'contract-key', upstream: server.url }));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const engine = createHostedEngine({
    access: () => ({ kind: 'proxy', url: `${origin}${PROXY_PATH}` }),
    pollMs: 50,
    // What a browser sends with its own page's requests.
    fetch: (address, init) => {
      const headers = new Headers(init?.headers);
      headers.set('sec-fetch-site', 'same-origin');
      return fetch(address, { ...init, headers });
    },
  });
  const close = async () => {
    await engine.dispose();
    proxy.closeAllConnections();
    proxy.close();
    await server.close();
  };
  return { engine, input, otherMask, close };
}

describe.each([
  ['the pipeline in a process', openPipeline],
  ['the hosted API, through client, proxy and server', openHosted],
])('the contract of every engine: %s', (_name, open) => {
  let subject: Opened;
  beforeAll(async () => {
    subject = await open();
  });
  afterAll(() => subject.close());
  it.each(contractCases.map(({ name, check }) => ({ name, check })))('$name', ({ check }) => check(subject));
});
