import { describe, expect, it } from 'vitest';
import { memoryFile } from '../../e2e/hub/files';
import { goldenFiles } from '../../e2e/hub/testing';
import type { WeightStore } from '../storage/weights';
import {
  crashing,
  expectFinished,
  expectNothing,
  hub,
  prepare,
  requests,
  serve,
  temporary,
  UNET,
  withHubAndStore,
} from './prepare.testing';
import { openPrepared } from './prepared';

withHubAndStore();

describe('storage', () => {
  it('asks for the space before the first byte of weights', async () => {
    await serve();
    const store: WeightStore = { ...temporary.store, freeBytes: async () => 1_000_000 };
    await expect(prepare({ store })).rejects.toMatchObject({
      name: 'DeviceError',
      message: expect.stringMatching(/needs 1\.7 MB more of storage, and 1\.0 MB are free/),
    });
    const weights = hub.log.filter(({ url, range }) => url.includes('safetensors') && range === undefined);
    expect(weights.filter(({ url }) => url.includes('/resolve/'))).toEqual([]);
  });

  it('says when the disk is full, and goes on once there is room', async () => {
    await serve();
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    await expect(prepare({ store: crashing(temporary.store, 5, full) })).rejects.toMatchObject({
      name: 'DeviceError',
      message: expect.stringMatching(/is full; what has arrived is kept/),
    });
    await expectNothing();
    await prepare();
    await expectFinished();
  });

  it('does not open a model with a shard cut short', async () => {
    await serve();
    await prepare();
    const [name = ''] = await temporary.store.models();
    const writer = await temporary.store.model(name).writer('unet/00001.safetensors');
    await writer.truncate(1000);
    await writer.close();
    const prepared = await openPrepared(temporary.store, 'golden/sd15', 'fp32');
    await expect(prepared?.openWeights('unet', 'fp32')).rejects.toThrow(
      /unet\/00001.safetensors was cut short/,
    );
  });

  it('prepares a model once where two ask for it at the same time', async () => {
    await serve();
    const stages: string[] = [];
    await Promise.all([
      prepare(),
      prepare({ onProgress: ({ stage }) => stages.push(stage) }),
      prepare({ onProgress: ({ stage }) => stages.push(stage) }),
    ]);
    await expectFinished();
    expect(stages).toContain('wait');
    // Two requests for the header, one for the whole file: once each.
    expect(requests(UNET).filter((range) => range === 'whole')).toHaveLength(1);
  });

  it('keeps what is stored when the repository gets a commit that leaves the weights alone', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 2, path: UNET }] });
    await expect(prepare()).rejects.toThrow(/in a row/);
    hub.faults.clear();
    hub.commit('golden/sd15', [...(await goldenFiles('sd15')), memoryFile('README.md', '# new')]);
    await prepare();
    await expectFinished();
    expect(requests(UNET).filter((range) => range === 'whole')).toHaveLength(1);
  });

  it('takes the new weights when the repository changes them half-way', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 2, path: UNET }] });
    await expect(prepare()).rejects.toThrow(/in a row/);
    hub.faults.clear();
    hub.commit('golden/sd15', await goldenFiles('sd15-inpaint'));
    await prepare();
    await expectFinished('fp32', 'golden/sd15', 'sd15-inpaint');
  });

  it.each(['unet/00001.safetensors', 'vae/00001.safetensors'])(
    'makes no picture of a changed byte in %s: a clear message, then the model anew',
    async (path) => {
      await serve();
      await prepare();
      const [name = ''] = await temporary.store.models();
      const blob = await temporary.store.model(name).open(path);
      const at = (blob?.size ?? 0) - 1001;
      const before = new Uint8Array((await blob?.slice(at, at + 1).arrayBuffer()) ?? new ArrayBuffer(1));
      const writer = await temporary.store.model(name).writer(path);
      await writer.write(
        before.map((byte) => byte ^ 1),
        at,
      );
      await writer.close();
      const prepared = await openPrepared(temporary.store, 'golden/sd15', 'fp32');
      await expect(prepared?.openWeights(path.split('/')[0] ?? '', 'fp32')).rejects.toMatchObject({
        name: 'CheckpointError',
        message: expect.stringMatching(
          /was changed in this machine's storage.*start again to download it anew/,
        ),
      });
      await expectNothing();
      await prepare();
      await expectFinished();
    },
  );

  it('does not read a vocabulary that was changed', async () => {
    await serve();
    await prepare();
    const [name = ''] = await temporary.store.models();
    const path = 'files/tokenizer/merges.txt';
    const text = await temporary.store.model(name).readText(path);
    await temporary.store.model(name).writeText(path, (text ?? '').replace('t h', 'h t'));
    const prepared = await openPrepared(temporary.store, 'golden/sd15', 'fp32');
    await expect(prepared?.read('tokenizer/merges.txt')).rejects.toThrow(/merges.txt was changed/);
    await expectNothing();
  });
});
