/** What happens to a model whose files were changed, truncated or removed after it was finished. */
import { describe, expect, it } from 'vitest';
import { goldenFiles, hastyConnection } from '../../../test/support/hub/hubServer';
import {
  type Call,
  expectFinished,
  expectNothing,
  hub,
  prepare,
  requests,
  serve,
  temporary,
  UNET,
  withHubAndStore,
} from '../../../test/support/prepare';
import { type Precision, storedAs } from '../../graph/onnx/types';
import { openMerged } from '../openWithLoras';
import { openPrepared } from './prepared';

withHubAndStore();

/** Small, so that the UNet takes several. */
const shardBytes = 300_000;
const SECOND = 'unet/00002.safetensors';

async function folder() {
  const [name = ''] = await temporary.store.models();
  return temporary.store.model(name);
}

async function flipByte(path: string): Promise<void> {
  const blob = await (await folder()).open(path);
  const at = (blob?.size ?? 0) - 1001;
  const before = new Uint8Array((await blob?.slice(at, at + 1).arrayBuffer()) ?? new ArrayBuffer(1));
  const writer = await (await folder()).writer(path);
  await writer.write(
    before.map((byte) => byte ^ 1),
    at,
  );
  await writer.close();
}

async function cutShort(path: string): Promise<void> {
  const writer = await (await folder()).writer(path);
  await writer.truncate(1000);
  await writer.close();
}

const remove = async (path: string) => (await folder()).remove(path);

async function load(path: string, precision: Precision = 'fp32') {
  const prepared = await openPrepared(temporary.store, 'golden/sd15', precision);
  return prepared?.openWeights(path.split('/')[0] ?? '', storedAs[precision]);
}

/** A finished model, damaged and found out; what was asked of the hub so far is forgotten. */
async function damaged(call: Call = {}, damage = flipByte, path = SECOND): Promise<void> {
  await serve();
  await prepare({ shardBytes, ...call });
  await damage(path);
  await expect(load(path, call.precision)).rejects.toThrow(/in this machine's storage/);
  await expectNothing(call.precision);
  hub.log.length = 0;
}

/** First and last byte of the requests for a file's own bytes, its header left out. */
function spans(path: string): [number, number][] {
  return requests(path)
    .map((range) => /^bytes=(\d+)-(\d+)$/.exec(range))
    .map((match): [number, number] => [Number(match?.[1]), Number(match?.[2])])
    .filter(([start]) => start > 0 && !Number.isNaN(start) && start > 8);
}

describe('a damaged model', () => {
  it.each([
    ['changed in', flipByte],
    ['cut short in', cutShort],
    ['removed from', remove],
  ] as const)('a shard that was %s storage is fetched again alone', async (how, damage) => {
    await serve();
    const { plan } = await prepare({ shardBytes });
    await damage(SECOND);
    await expect(load(SECOND)).rejects.toMatchObject({
      name: 'CheckpointError',
      message: expect.stringMatching(
        `${SECOND} was ${how} this machine's storage\\. Everything else is intact\\. Try again to download this file of \\d+ kB`,
      ),
    });
    await expectNothing();

    hub.log.length = 0;
    const loaded: number[] = [];
    await prepare({
      shardBytes,
      onProgress: (progress) => progress.stage === 'download' && loaded.push(progress.loadedBytes),
    });
    await expectFinished();
    const [span, ...others] = spans(UNET);
    expect(others).toEqual([]);
    const [start = 0, last = 0] = span ?? [];
    expect(last + 1 - start).toBeLessThan(shardBytes);
    expect(last + 1 - start).toBeGreaterThan(shardBytes / 2);
    expect(requests(UNET)).not.toContain('whole');
    expect(hub.log.filter(({ url }) => url.includes('vae/diff')).map(({ range }) => range)).not.toContain(
      undefined,
    );
    // The rest counts as there from the beginning.
    expect(loaded[0]).toBeGreaterThan(plan.downloadBytes - shardBytes);
    expect(loaded.at(-1)).toBe(plan.downloadBytes);
  });

  it('is cast to half precision as it was', async () => {
    await damaged({ precision: 'fp16', shardBytes: 150_000 });
    await prepare({ precision: 'fp16', shardBytes: 150_000 });
    await expectFinished('fp16');
    expect(requests(UNET)).not.toContain('whole');
  });

  it('is mended from where an interrupted mending stopped', async () => {
    await damaged();
    hub.faults.add({ kind: 'cut', atByte: 450_001, origin: 'content', after: 2, path: UNET });
    await expect(prepare({ shardBytes })).rejects.toThrow(/in a row/);
    await expectNothing();
    hub.faults.clear();
    hub.log.length = 0;
    await prepare({ shardBytes });
    await expectFinished();
    expect(spans(UNET).map(([start]) => start)).toEqual([450_000]);
  });

  it('is fetched file by file where the server’s bytes make another shard', async () => {
    await damaged();
    hub.faults.add({ kind: 'corrupt', atByte: 350_000, origin: 'content', after: 2, times: 1, path: UNET });
    // Patient: a slow moment of this computer must not use up the fault.
    await prepare({ shardBytes, connection: hastyConnection(hub.url, { stallMs: 30_000 }) });
    await expectFinished();
    expect(requests(UNET)).toContain('whole');
  });

  it('becomes the new version where the repository has one', async () => {
    await damaged();
    hub.commit('golden/sd15', await goldenFiles('sd15-inpaint'));
    await prepare({ shardBytes });
    await expectFinished('fp32', 'golden/sd15', 'sd15-inpaint');
  });

  it('is not merged with a LoRA', async () => {
    await serve();
    await prepare({ shardBytes });
    await flipByte(SECOND);
    const merged = openMerged('golden/sd15', 'fp32', {
      store: temporary.store,
      signal: new AbortController().signal,
      hubUrl: hub.url,
      onProgress() {},
      openProduct: () => {
        throw new Error('nothing is to be multiplied');
      },
      loras: [{ source: 'golden/lora/peft.safetensors', weight: 1 }],
    });
    await expect(merged).rejects.toThrow(`${SECOND} was changed in this machine's storage`);
  });

  it('is left to the tab that is mending it', async () => {
    await serve();
    await prepare({ shardBytes });
    await flipByte(SECOND);
    const [name = ''] = await temporary.store.models();
    await temporary.store.exclusively(
      name,
      new AbortController().signal,
      () => {},
      async () => {
        await expect(load(SECOND)).rejects.toThrow(/another tab is repairing it/);
      },
    );
    expect(await openPrepared(temporary.store, 'golden/sd15', 'fp32')).toBeDefined();
  });

  it('does not read a vocabulary that was changed', async () => {
    await serve();
    await prepare();
    const path = 'files/tokenizer/merges.txt';
    const text = await (await folder()).readText(path);
    await (await folder()).writeText(path, (text ?? '').replace('t h', 'h t'));
    const prepared = await openPrepared(temporary.store, 'golden/sd15', 'fp32');
    await expect(prepared?.read('tokenizer/merges.txt')).rejects.toThrow(/merges.txt was changed/);
    await expectNothing();
    hub.log.length = 0;
    await prepare();
    await expectFinished();
    expect(requests(UNET)).not.toContain('whole');
  });
});
