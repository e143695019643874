import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryFile, renamed } from '../../../test/support/hub/files';
import {
  goldenFiles,
  goldenFolder,
  hastyConnection,
  splitSafetensors,
} from '../../../test/support/hub/hubServer';
import {
  expectFinished,
  expectNothing,
  hub,
  prepare,
  serve,
  temporary,
  UNET,
  withHubAndStore,
} from '../../../test/support/prepare';
import { parseSafetensorsHeader } from '../checkpoint/safetensors';
import { localModel } from '../source/source';
import { planModel } from './plan';
import { prepareModel } from './prepare';
import { deleteModel, storedModels } from './prepared';

withHubAndStore();

const MiB = 2 ** 20;

describe('prepareModel', () => {
  it.each(['fp32', 'fp16'] as const)('stores every tensor in %s', async (precision) => {
    await serve();
    const { manifest, plan } = await prepare({ precision });
    await expectFinished(precision);
    expect(manifest).toMatchObject({
      name: 'golden/sd15',
      location: 'golden/sd15',
      commit: plan.commit,
      precision,
    });
  });

  it('reads a finished model without a network', async () => {
    await serve();
    await prepare();
    await hub.close();
    await expectFinished();
  });

  it('reports true progress to the last byte', async () => {
    await serve();
    const seen: number[] = [];
    let total = 0;
    await prepare({
      onProgress(progress) {
        if (progress.stage !== 'download') return;
        seen.push(progress.loadedBytes);
        total = progress.totalBytes;
      },
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(total);
  });

  it('keeps every shard within the limit, each a valid safetensors file', async () => {
    await serve();
    const { manifest } = await prepare({ shardBytes: 140_000 });
    const shards = Object.values(manifest.components).flatMap(({ shards }) => shards);
    expect(manifest.components.unet?.shards.length).toBeGreaterThan(5);
    for (const { path, size } of shards) {
      const [name] = await temporary.store.models();
      const bytes = await readFile(join(temporary.folder, 'models', name ?? '', path));
      expect(size).toBeLessThanOrEqual(140_000);
      expect(bytes.byteLength).toBe(size);
      const tensors = parseSafetensorsHeader(bytes, size, path);
      expect(Math.max(...[...tensors.values()].map(({ offset, length }) => offset + length))).toBe(size);
    }
    await expectFinished();
  });

  it('refuses a tensor that no shard can hold', async () => {
    await serve();
    await expect(prepare({ shardBytes: 10_000 })).rejects.toThrow(/tensor ".*" of \d+ bytes is larger/);
    await expectNothing();
  });

  it('holds no more than a chunk and its cast values in memory', async () => {
    await serve();
    const { buffers } = await prepare({ precision: 'fp16' });
    const unet = (await goldenFiles('sd15')).find(({ path }) => path === UNET);
    expect(buffers.peakBytes).toBeGreaterThan(0);
    expect(buffers.peakBytes).toBeLessThan(0.3 * (unet?.size ?? 0));
  });

  it('reads sharded repositories', async () => {
    const files = await goldenFiles('sd15');
    const bytes = await readFile(join(goldenFolder('sd15'), UNET));
    const [first, second] = splitSafetensors(bytes);
    await serve({
      files: [
        ...files.filter(({ path }) => path !== UNET),
        memoryFile(UNET.replace('.safetensors', '-00001-of-00002.safetensors'), first),
        memoryFile(UNET.replace('.safetensors', '-00002-of-00002.safetensors'), second),
        memoryFile(`${UNET}.index.json`, '{}'),
      ],
    });
    const { manifest } = await prepare();
    expect(manifest.components.unet?.shards.map(({ path }) => path)).toEqual([
      'unet/00001.safetensors',
      'unet/00002.safetensors',
    ]);
    await expectFinished();
  });

  it('chooses the fp16 variant on a device with fp16', async () => {
    const files = await goldenFiles('sd15');
    const unet = files.find(({ path }) => path === UNET);
    if (unet === undefined) throw new Error('no UNet');
    await serve({ files: [...files, renamed(unet, UNET.replace('.safetensors', '.fp16.safetensors'))] });
    const { plan } = await prepare({ precision: 'fp16' });
    expect(plan.notes.at(-1)).toContain('unet/diffusion_pytorch_model.fp16.safetensors');
    await expectFinished('fp16');
  });

  it('prepares files that a person picked', async () => {
    await serve();
    const blobs = await Promise.all(
      (await goldenFiles('sd15')).map(
        async ({ path }) => [path, new Blob([await readFile(join(goldenFolder('sd15'), path))])] as const,
      ),
    );
    const plan = planModel(localModel('my model', new Map(blobs)), 'fp32');
    await prepareModel(plan, temporary.store, hastyConnection(hub.url));
    await expectFinished('fp32', plan.key);
  });

  it('lists and deletes what is stored', async () => {
    await serve();
    await prepare();
    const [stored, ...others] = await storedModels(temporary.store);
    expect(others).toEqual([]);
    expect(stored?.manifest?.storedBytes).toBeGreaterThan(MiB);
    await deleteModel(temporary.store, stored?.folder ?? '');
    expect(await storedModels(temporary.store)).toEqual([]);
    await expectNothing();
  });
});
