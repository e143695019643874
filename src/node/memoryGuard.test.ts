/** A model of realistic size is refused by the command line and by the server before any of its weights are fetched. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openAsBlob, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Hub, startHub } from '../../test/support/hub/hub';
import { askedWeightBytes, configsOf, unfetchedRepo } from '../../test/support/hub/hubServer';
import { parseLocalOptions, parseRequest } from '../contract/engine';
import type { TooLargeError } from '../contract/errors';
import { configurationsOf, knownNetworks } from '../contract/knownNetworks';
import { wasmTarget } from '../graph/onnx/targets';
import { filesOfTexts } from '../model/files';
import { Runtime } from '../model/runtime/session';
import { createNodeGuard } from './memoryGuard';
import { createPaintHost } from './server/painting/paintHost';

const image = 'goldens/pictures/input-64x64.png';
const mask = 'goldens/pictures/mask-64x64.png';
/** On a machine with 6.5 GB or less, memory is what runs short. */
const refusal = /its unet needs 5\.\d GB of memory at this picture size, and \d\.\d GB can be had \(/;

let hub: Hub;
let cache: string;
beforeAll(async () => {
  hub = await startHub({ repos: [unfetchedRepo('true/sd15', 'sd15')] });
  cache = mkdtempSync(join(tmpdir(), 'inlay-memory-'));
}, 120_000);
beforeEach(() => hub.log.splice(0));
afterAll(async () => {
  await hub.close();
  rmSync(cache, { recursive: true });
});

/** The headers of the weight files were read, but none of the 2 GB behind them. */
function expectNoWeights(): void {
  expect(askedWeightBytes(hub.log)).toBeGreaterThan(0);
  expect(askedWeightBytes(hub.log)).toBeLessThan(2_000_000);
}

it('by the command line, at the size that it is asked for', { timeout: 120_000 }, async () => {
  const args = ['--model', 'true/sd15', '--prompt', 'x', '--image', image, '--mask', mask];
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', 'src/node/cli/main.ts', ...args, '--out', join(cache, 'never.png')],
      ...['--width', '1024', '--height', '1024', '--threads', '1'],
    ],
    { env: { ...process.env, HF_ENDPOINT: hub.url, INLAY_CACHE: cache } },
  );
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  expect(stderr).toMatch(refusal);
  expect(code).toBe(1);
  expectNoWeights();
});

it('by the server', { timeout: 120_000 }, async () => {
  process.env.INLAY_CACHE = cache;
  const host = createPaintHost({ threads: 1, folders: {}, hubUrl: hub.url });
  const [picture, black] = await Promise.all([image, mask].map((path) => openAsBlob(path)));
  const request = parseRequest({
    model_name: 'true/sd15',
    prompt: 'x',
    image_url: picture,
    mask_url: black,
  });
  const call = { signal: new AbortController().signal, onProgress: () => {} };
  const painting = host.inpaint(request, parseLocalOptions({ width: 1024, height: 1024 }), call);
  await expect(painting).rejects.toMatchObject({
    name: 'TooLargeError',
    message: expect.stringMatching(refusal),
  });
  expectNoWeights();
});

it('by the memory of the machine, and not where there is enough', async () => {
  const files = configsOf('sd15');
  const runtime = new Runtime(await import('onnxruntime-web/wasm'), wasmTarget);
  const size = { width: 512, height: 512 };
  await createNodeGuard(runtime, 16e9).checkRunFits(files, size);
  await expect(createNodeGuard(runtime, 4e9).checkRunFits(files, size)).rejects.toThrow(
    /its unet needs 3\.7 GB .*, and 2\.4 GB can be had \(this machine has 4\.0 GB of memory\)/,
  );
});

it.each(knownNetworks)(
  '%s, as it is known without a network, needs what its repository would',
  async (family) => {
    const texts = new Map(
      [...configurationsOf(family)].map(([path, config]) => [path, JSON.stringify(config)]),
    );
    const runtime = new Runtime(await import('onnxruntime-web/wasm'), wasmTarget);
    const refused = createNodeGuard(runtime, 1e9).checkFits(filesOfTexts('known', texts));
    const { figures } = (await refused.catch((error: unknown) => error)) as TooLargeError;
    const asFiles = createNodeGuard(runtime, 1e9).checkFits(
      configsOf(family === 'sd2-base' ? 'sd2-inpaint' : family),
    );
    const { figures: expected } = (await asFiles.catch((error: unknown) => error)) as TooLargeError;
    // The two of SD 2 at 512 px differ by five channels of one convolution.
    expect(Math.abs(figures.neededBytes / expected.neededBytes - 1)).toBeLessThan(0.001);
  },
);
