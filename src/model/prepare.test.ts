import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultInput } from '../../e2e/hub/faults';
import { type HubFile, memoryFile, renamed } from '../../e2e/hub/files';
import { type Hub, type HubOptions, startHub } from '../../e2e/hub/hub';
import {
  goldenFiles,
  goldenFolder,
  hastyConnection,
  splitSafetensors,
  type TemporaryStore,
  temporaryStore,
} from '../../e2e/hub/testing';
import type { Precision } from '../graph/types';
import { folderFiles } from '../node/folder';
import type { WeightStore } from '../storage/weights';
import { parseSafetensorsHeader } from './checkpoint/safetensors';
import type { Connection } from './download';
import { planModel } from './plan';
import { type PrepareOptions, prepareModel } from './prepare';
import { deleteModel, openPrepared, storedModels } from './prepared';
import { findModel, localModel } from './source';
import { loadWeights, type Weights } from './weights';

const UNET = 'unet/diffusion_pytorch_model.safetensors';
const stems = {
  unet: 'diffusion_pytorch_model',
  vae: 'diffusion_pytorch_model',
  text_encoder: 'model',
} as const;

let hub: Hub;
let temporary: TemporaryStore;
const MiB = 2 ** 20;

beforeEach(async () => {
  temporary = await temporaryStore();
});
afterEach(async () => {
  await hub.close();
  await temporary.remove();
});

async function serve(options: Partial<HubOptions> & { files?: HubFile[] } = {}): Promise<void> {
  const files = options.files ?? (await goldenFiles('sd15'));
  hub = await startHub({ repos: [{ id: 'golden/sd15', files }], ...options });
}

interface Call extends PrepareOptions {
  name?: string;
  precision?: Precision;
  connection?: Connection;
  store?: WeightStore;
}

async function prepare(call: Call = {}) {
  const { name = 'golden/sd15', precision = 'fp32', store = temporary.store, ...options } = call;
  const connection = call.connection ?? hastyConnection(hub.url);
  const plan = planModel(await findModel(name, connection, hub.url), precision);
  const prepared = await prepareModel(plan, store, connection, options);
  return { ...prepared, plan };
}

async function tensorBytes({ index, files }: Weights): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  const opened = new Map<string, Uint8Array>();
  for (const [path, file] of files) {
    opened.set(path, file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : file);
  }
  for (const [key, { path, offset, length, dtype, shape }] of index) {
    const bytes = opened.get(path);
    if (bytes === undefined) throw new Error(`no bytes for ${path}`);
    const digest = createHash('md5')
      .update(bytes.subarray(offset, offset + length))
      .digest('hex');
    values.set(key, `${dtype} [${shape}] ${digest}`);
  }
  return new Map([...values].sort());
}

/** The finished model must hold, tensor by tensor, what reading the folder whole gives. */
async function expectFinished(
  precision: Precision = 'fp32',
  key = 'golden/sd15',
  golden = 'sd15',
): Promise<void> {
  const prepared = await openPrepared(temporary.store, key, precision);
  expect(prepared).toBeDefined();
  for (const [folder, stem] of Object.entries(stems)) {
    const expected = await loadWeights(folderFiles(goldenFolder(golden)), folder, stem, precision);
    const weights = await prepared?.openWeights(folder, precision);
    if (weights === undefined) throw new Error('not prepared');
    expect(await tensorBytes(weights)).toEqual(await tensorBytes(expected));
  }
  for (const path of ['model_index.json', 'unet/config.json', 'tokenizer/merges.txt']) {
    const stored = await prepared?.read(path);
    expect(stored && Buffer.from(stored)).toEqual(await readFile(join(goldenFolder(golden), path)));
  }
}

async function expectNothing(precision: Precision = 'fp32'): Promise<void> {
  expect(await openPrepared(temporary.store, 'golden/sd15', precision)).toBeUndefined();
}

/** Bytes of the file that were asked for, request by request. */
function requests(path: string): string[] {
  const oids = hub.log.filter(({ origin, url }) => origin === 'hub' && url.includes(path)).length;
  expect(oids).toBeGreaterThan(0);
  return hub.log.filter(({ url }) => url.includes(`/${path}`)).map(({ range }) => range ?? 'whole');
}

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

describe('a hub that misbehaves', () => {
  const unet = { path: UNET } as const;
  const mended: [string, FaultInput[]][] = [
    [
      'cuts the connection',
      [{ kind: 'cut', atByte: 500_001, origin: 'content', after: 2, times: 1, ...unet }],
    ],
    [
      'cuts it again and again',
      [100_003, 400_001, 777_777].map((atByte) => ({
        kind: 'cut',
        atByte,
        after: 2,
        times: 1,
        origin: 'content',
        ...unet,
      })),
    ],
    ['stalls', [{ kind: 'stall', atByte: 300_000, origin: 'content', after: 2, times: 1, ...unet }]],
    ['answers 429', [{ kind: 'status', status: 429, retryAfter: '2', times: 2 }]],
    ['answers 503', [{ kind: 'status', status: 503, times: 3, ...unet }]],
    [
      'serves wrong bytes once',
      [{ kind: 'corrupt', atByte: 600_000, origin: 'content', after: 2, times: 1, ...unet }],
    ],
    ['hands out expired addresses', [{ kind: 'expired', times: 2, ...unet }]],
    [
      'ignores ranges',
      [
        { kind: 'ignore-range', origin: 'content' },
        { kind: 'cut', atByte: 500_001, origin: 'content', after: 2, times: 1, ...unet },
      ],
    ],
    [
      'serves a wrong configuration once',
      [{ kind: 'corrupt', atByte: 10, times: 1, path: 'unet/config.json' }],
    ],
  ];
  it.each(mended)('%s: the model is finished all the same', async (_, faults) => {
    await serve({ faults });
    await prepare({ checkpointBytes: 100_000 });
    await expectFinished();
  });

  it('goes on at the byte where the connection was cut', async () => {
    await serve({
      faults: [{ kind: 'cut', atByte: 500_001, origin: 'content', after: 2, times: 1, ...unet }],
    });
    await prepare();
    // What a stream had not handed over yet when it broke is lost with it, so the byte may be an earlier one.
    const resumed = Number(/^bytes=(\d+)-$/.exec(requests(UNET).at(-1) ?? '')?.[1]);
    expect(resumed).toBeGreaterThan(300_000);
    expect(resumed).toBeLessThanOrEqual(500_001);
  });

  const refused: [string, FaultInput[], string, RegExp][] = [
    [
      'cuts every connection',
      [{ kind: 'cut', atByte: 500_001, origin: 'content', ...unet }],
      'NetworkError',
      /unet.*7 times in a row; what has arrived is kept/,
    ],
    [
      'stalls for good',
      [{ kind: 'stall', atByte: 300_000, origin: 'content', ...unet }],
      'NetworkError',
      /no byte came for 0.3 s, 7 times/,
    ],
    [
      'answers 503 for good',
      [{ kind: 'status', status: 503, ...unet }],
      'NetworkError',
      /answered 503, 7 times/,
    ],
    [
      'always serves wrong weights',
      [{ kind: 'corrupt', atByte: 600_000, origin: 'content', ...unet }],
      'CheckpointError',
      /unet.*digest differs\), twice in a row; nothing of them is used/,
    ],
    [
      'always serves a wrong configuration',
      [{ kind: 'corrupt', atByte: 10, path: 'unet/config.json' }],
      'CheckpointError',
      /unet\/config.json.*digest differs/,
    ],
    [
      'changes a file between two requests',
      [{ kind: 'change', origin: 'content', after: 2, ...unet }],
      'CheckpointError',
      /unet.*another version: it was changed meanwhile/,
    ],
    [
      'changes a file while it is resumed',
      [
        { kind: 'cut', atByte: 500_001, origin: 'content', after: 2, times: 1, ...unet },
        { kind: 'change', origin: 'content', after: 3, ...unet },
      ],
      'CheckpointError',
      /unet.*another version/,
    ],
    [
      'serves a header of its own',
      [{ kind: 'corrupt', atByte: 9, origin: 'content', times: 2, ...unet }],
      'CheckpointError',
      /unet.*header is no JSON/,
    ],
    [
      'removes a file',
      [{ kind: 'status', status: 404, errorCode: 'EntryNotFound', origin: 'hub', ...unet }],
      'CheckpointError',
      /unet.*no longer there/,
    ],
    [
      'gates a file',
      [{ kind: 'status', status: 403, errorCode: 'GatedRepo', origin: 'hub', ...unet }],
      'InputError',
      /unet.*gated; accept its terms/,
    ],
  ];
  it.each(refused)(
    '%s: a clear message, nothing half-used, finished once it behaves',
    async (_, faults, name, message) => {
      await serve({ faults });
      await expect(prepare({ checkpointBytes: 100_000 })).rejects.toMatchObject({
        name,
        message: expect.stringMatching(message),
      });
      await expectNothing();
      hub.faults.clear();
      await prepare();
      await expectFinished();
    },
  );

  it('goes on after a restart, from the byte where it stopped', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 2, ...unet }] });
    await expect(prepare()).rejects.toThrow(/7 times in a row/);
    hub.faults.clear();
    const before = hub.log.length;
    await prepare();
    await expectFinished();
    const ranges = hub.log.slice(before).filter(({ url, origin }) => origin === 'hub' && url.includes(UNET));
    // A value of four bytes is never cut: the last byte of 700,001 comes again, and what no value needs.
    expect(ranges.at(-1)?.range).toMatch(/^bytes=(69999[89]|70000[01])-$/);
  });

  it('goes on after a crash, from what was safe', async () => {
    await serve();
    const crash = crashing(temporary.store, 200);
    await expect(prepare({ store: crash, checkpointBytes: 100_000, precision: 'fp16' })).rejects.toThrow(
      'power cut',
    );
    await expectNothing('fp16');
    await prepare({ precision: 'fp16' });
    await expectFinished('fp16');
    expect(requests(UNET).filter((range) => /^bytes=[1-9]\d+-$/.test(range))).toHaveLength(1);
  });

  it('begins a file anew whose shard was thrown away meanwhile', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 2, ...unet }] });
    await expect(prepare()).rejects.toThrow(/in a row/);
    const [name = ''] = await temporary.store.models();
    await temporary.store.model(name).remove('unet/00001.safetensors');
    hub.faults.clear();
    await prepare();
    await expectFinished();
  });

  it('stops within a chunk when it is cancelled, and goes on later', async () => {
    await serve({ faults: [{ kind: 'slow', bytesPerSecond: 2_000_000, origin: 'content', ...unet }] });
    const stop = new AbortController();
    const connection = { ...hastyConnection(hub.url), signal: stop.signal };
    const onProgress: PrepareOptions['onProgress'] = (progress) => {
      if (progress.stage === 'download' && progress.file === UNET) stop.abort();
    };
    await expect(prepare({ connection, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
    await expectNothing();
    hub.faults.clear();
    await prepare();
    await expectFinished();
  });

  it('sees a header that changed on its way even where no digest is given', async () => {
    await serve({
      faults: [{ kind: 'corrupt', atByte: 90, origin: 'content', path: 'unet', after: 2, times: 1 }],
    });
    const call = { name: `${hub.contentUrl}/plain/golden/sd15` };
    await expect(prepare(call)).rejects.toThrow(/came in two ways/);
    await prepare(call);
    await expectFinished('fp32', `${call.name}/`);
  });
});

describe('a plain web server', () => {
  it('forgets what it has of a file that changed before the rest came', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 3, path: UNET }] });
    const call = { name: `${hub.contentUrl}/plain/golden/sd15/` };
    await expect(prepare(call)).rejects.toThrow(/7 times in a row/);
    hub.faults.clear();
    hub.faults.add({ kind: 'change', path: UNET });
    await expect(prepare(call)).rejects.toThrow(/another version/);
    hub.faults.clear();
    await prepare(call);
    await expectFinished('fp32', call.name);
  });
});

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
});

/** Fails at the n-th write, and at every call after it, as if the machine had stopped there. */
function crashing(store: WeightStore, writes: number, error: Error = new Error('power cut')): WeightStore {
  let left = writes;
  const alive =
    <Args extends unknown[], Result>(work: (...args: Args) => Result) =>
    (...args: Args): Result => {
      if (left <= 0) throw error;
      return work(...args);
    };
  return {
    ...store,
    model(name) {
      const folder = store.model(name);
      return {
        ...folder,
        writeText: alive(folder.writeText),
        async writer(path) {
          const writer = await alive(folder.writer)(path);
          return {
            ...writer,
            write(bytes, at) {
              if (--left <= 0) throw error;
              return writer.write(bytes, at);
            },
            flush: alive(writer.flush),
          };
        },
      };
    },
  };
}
