/** Prepares models from the local hub into a store in a temporary folder. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { type Precision, storedAs } from '../../src/graph/onnx/types';
import { planModel } from '../../src/model/prepare/plan';
import { type PrepareOptions, prepareModel } from '../../src/model/prepare/prepare';
import { openPrepared } from '../../src/model/prepare/prepared';
import type { Connection } from '../../src/model/source/download';
import { findModel } from '../../src/model/source/source';
import { loadWeights, type Weights } from '../../src/model/weights/componentWeights';
import { folderFiles } from '../../src/node/folder';
import type { WeightStore } from '../../src/storage/weights';
import type { HubFile } from './hub/files';
import { type Hub, type HubOptions, startHub } from './hub/hub';
import {
  goldenFiles,
  goldenFolder,
  hastyConnection,
  type TemporaryStore,
  temporaryStore,
} from './hub/hubServer';

export const UNET = 'unet/diffusion_pytorch_model.safetensors';
const stems = {
  unet: 'diffusion_pytorch_model',
  vae: 'diffusion_pytorch_model',
  text_encoder: 'model',
} as const;

/** Of the current test. */
export let hub: Hub;
export let temporary: TemporaryStore;

/** Gives each test of the file its own store, and closes the hub that it started. */
export function withHubAndStore(): void {
  beforeEach(async () => {
    temporary = await temporaryStore();
  });
  afterEach(async () => {
    await hub.close();
    await temporary.remove();
  });
}

export async function serve(options: Partial<HubOptions> & { files?: HubFile[] } = {}): Promise<void> {
  const files = options.files ?? (await goldenFiles('sd15'));
  hub = await startHub({ repos: [{ id: 'golden/sd15', files }], ...options });
}

export interface Call extends PrepareOptions {
  name?: string;
  precision?: Precision;
  connection?: Connection;
  store?: WeightStore;
}

export async function prepare(call: Call = {}) {
  const { name = 'golden/sd15', precision = 'fp32', store = temporary.store, ...options } = call;
  const connection = call.connection ?? hastyConnection(hub.url);
  const plan = planModel(await findModel(name, connection, hub.url), precision);
  const prepared = await prepareModel(plan, store, connection, options);
  return { ...prepared, plan };
}

export async function tensorBytes({ index, files }: Weights): Promise<Map<string, string>> {
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

/** Expects the prepared model to contain, tensor by tensor, what reading the whole folder gives. */
export async function expectFinished(
  precision: Precision = 'fp32',
  key = 'golden/sd15',
  golden = 'sd15',
): Promise<void> {
  const prepared = await openPrepared(temporary.store, key, precision);
  expect(prepared).toBeDefined();
  for (const [folder, stem] of Object.entries(stems)) {
    const expected = await loadWeights(folderFiles(goldenFolder(golden)), folder, stem, precision);
    const weights = await prepared?.openWeights(folder, storedAs[precision]);
    if (weights === undefined) throw new Error('not prepared');
    expect(await tensorBytes(weights)).toEqual(await tensorBytes(expected));
  }
  for (const path of ['model_index.json', 'unet/config.json', 'tokenizer/merges.txt']) {
    const stored = await prepared?.read(path);
    expect(stored && Buffer.from(stored)).toEqual(await readFile(join(goldenFolder(golden), path)));
  }
}

export async function expectNothing(precision: Precision = 'fp32'): Promise<void> {
  expect(await openPrepared(temporary.store, 'golden/sd15', precision)).toBeUndefined();
}

/** The ranges of the file that were requested, in order. */
export function requests(path: string): string[] {
  const oids = hub.log.filter(({ origin, url }) => origin === 'hub' && url.includes(path)).length;
  expect(oids).toBeGreaterThan(0);
  return hub.log.filter(({ url }) => url.includes(`/${path}`)).map(({ range }) => range ?? 'whole');
}

/** Fails at the n-th write and at every call after it, as if the machine had stopped there. */
export function crashing(
  store: WeightStore,
  writes: number,
  error: Error = new Error('power cut'),
): WeightStore {
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
