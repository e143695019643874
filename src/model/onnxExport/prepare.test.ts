import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ofOneSize } from '../../../test/support/exports';
import { goldenPicturesIn, paintGolden } from '../../../test/support/goldenPictures';
import { folderFiles, type HubFile, memoryFile } from '../../../test/support/hub/files';
import type { HubOptions } from '../../../test/support/hub/hub';
import { hastyConnection } from '../../../test/support/hub/hubServer';
import { loadDiffusion } from '../../../test/support/loadDiffusion';
import {
  hub,
  prepare as prepareFromHub,
  serve as serveHub,
  temporary,
  withHubAndStore,
} from '../../../test/support/prepare';
import { createNodeRuntime } from '../../node/ort';
import { InpaintCache } from '../../pipeline/inpaint';
import { factsOf, factsOfPlan } from '../modelSummary';
import { planModel } from '../prepare/plan';
import { openPrepared } from '../prepare/prepared';
import { findModel } from '../source/source';

const PICTURES = 'goldens/onnx/pictures';
const ID = 'golden/export';
const UNET = 'unet/model.onnx';

withHubAndStore();

const filesOf = (name: string) => folderFiles(`goldens/onnx/${name}`);
const without = (files: HubFile[], path: string) => files.filter((file) => file.path !== path);

async function serve(files: HubFile[], options: Partial<HubOptions> = {}): Promise<void> {
  await serveHub({ files, repos: [{ id: ID, files }], ...options });
}

function prepare(precision: 'fp32' | 'fp16' = 'fp32', shardBytes?: number) {
  return prepareFromHub({ name: ID, precision, ...(shardBytes !== undefined && { shardBytes }) });
}

describe('an ONNX export by id', () => {
  it.each(['inpaint', 'inpaint-fp16', 'old', 'xl'])(
    '%s is prepared, and paints without the hub',
    async (name) => {
      await serve(await filesOf(name), { faults: [{ path: UNET, kind: 'cut', atByte: 200_000, times: 1 }] });
      const { manifest, buffers } = await prepare('fp32', 100_000);
      await hub.close();
      const shards = Object.values(manifest.components).flatMap(({ shards }) => shards);
      expect(Math.max(...shards.map(({ size }) => size))).toBeLessThanOrEqual(100_000);
      expect(manifest.components.unet?.shards.length).toBeGreaterThan(1);
      expect(buffers.peakBytes).toBeLessThan(2 ** 20);
      const files = await openPrepared(temporary.store, ID, 'fp32');
      if (files === undefined) throw new Error('not prepared');
      const call = { signal: new AbortController().signal, onProgress: () => {} };
      const model = await loadDiffusion(files, await createNodeRuntime(1), call);
      const golden = goldenPicturesIn(PICTURES).find((golden) => golden.model === name);
      if (golden === undefined) throw new Error('no golden picture');
      const cache = new InpaintCache();
      expect(await paintGolden(model, golden, cache, PICTURES)).toBeGreaterThan(50);
      cache.dispose();
      await model.dispose();
    },
  );

  it.each([
    ['inpaint', { family: 'sd1', isInpainting: true, nativeSize: 64 }],
    ['old', { family: 'sd1', isInpainting: false, nativeSize: 512 }],
    ['xl', { family: 'sdxl', isInpainting: false, nativeSize: 64 }],
  ])('%s is described before any weight is fetched', async (name, facts) => {
    await serve(await filesOf(name));
    const connection = hastyConnection(hub.url);
    const plan = planModel(await findModel(ID, connection, hub.url), 'fp32');
    expect((await factsOfPlan(plan, connection)).facts).toMatchObject(facts);
    expect(hub.log.some(({ url }) => /\.(onnx|onnx_data|pb)$/.test(url))).toBe(false);
  });

  it('of one size says so once its graph is here, and works at that size', async () => {
    const unet = new Uint8Array(await readFile(`goldens/onnx/inpaint/${UNET}`));
    const fixed = memoryFile(UNET, ofOneSize(unet, 'sample', { width: 16, height: 12 }));
    await serve([...without(await filesOf('inpaint'), UNET), fixed]);
    const connection = hastyConnection(hub.url);
    const plan = planModel(await findModel(ID, connection, hub.url), 'fp32');
    expect((await factsOfPlan(plan, connection)).facts).not.toHaveProperty('fixedSize');
    await prepare();
    const files = await openPrepared(temporary.store, ID, 'fp32');
    if (files === undefined) throw new Error('not prepared');
    const sizes = { nativeSize: 128, fixedSize: { width: 128, height: 96 } };
    expect(await factsOf(files)).toMatchObject({ family: 'sd1', isInpainting: true, ...sizes });
    const call = { signal: new AbortController().signal, onProgress: () => {} };
    const model = await loadDiffusion(files, await createNodeRuntime(1), call);
    expect(model).toMatchObject(sizes);
    await model.dispose();
  });

  it('keeps half weights half where the device runs them, and does not narrow others', async () => {
    const bytes = async (name: string) => {
      await serve(await filesOf(name));
      const { manifest } = await prepare('fp16');
      await hub.close();
      await temporary.store.model((await temporary.store.models())[0] ?? '').clear();
      return manifest.components.unet?.shards.reduce((sum, { size }) => sum + size, 0) ?? 0;
    };
    const [full, half] = [await bytes('inpaint'), await bytes('inpaint-fp16')];
    expect(half).toBeGreaterThan(full * 0.4);
    expect(half).toBeLessThan(full * 0.75);
  });

  it('names the file of weights that is missing', async () => {
    await serve(without(await filesOf('old'), 'unet/weights.pb'));
    await expect(prepare()).rejects.toThrow(
      /unet\/model\.onnx: .* in "weights\.pb", which is missing beside it/,
    );
  });

  it('names the network that is missing', async () => {
    await serve(without(await filesOf('inpaint'), UNET));
    await expect(prepare()).rejects.toThrow(/unet\/ has no weights that Inlay reads/);
  });

  const damage: [string, (bytes: Buffer) => Uint8Array | string, RegExp][] = [
    ['cut short', (bytes) => bytes.subarray(0, 300_000), /unet\/model\.onnx: .*damaged or cut short/],
    [
      'a Git LFS pointer',
      () => 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
      /git lfs pull/,
    ],
    ['a web page', () => '<!doctype html><title>Not found</title>', /this is a web page/],
    ['empty', () => new Uint8Array(0), /not an ONNX model/],
  ];
  it.each(damage)('refuses a graph that is %s', async (_what, change, message) => {
    const bytes = await readFile(`goldens/onnx/inpaint/${UNET}`);
    await serve([...without(await filesOf('inpaint'), UNET), memoryFile(UNET, change(bytes))]);
    await expect(prepare()).rejects.toThrow(message);
    expect(await openPrepared(temporary.store, ID, 'fp32')).toBeUndefined();
  });

  it('refuses external weights that end past the end of their file', async () => {
    const path = 'unet/weights.pb';
    const bytes = await readFile(`goldens/onnx/old/${path}`);
    await serve([...without(await filesOf('old'), path), memoryFile(path, bytes.subarray(0, 100_000))]);
    await expect(prepare()).rejects.toThrow(/unet\/weights\.pb: .* ends past the end of the file/);
  });
});
