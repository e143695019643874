/** For tests against the local hub: golden repositories, a store in a temporary folder, connections that don't wait. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '../../../src/model/checkpoint/open';
import { bytesSource, readTensor, type StoredIndex } from '../../../src/model/checkpoint/reader';
import type { CheckpointFiles } from '../../../src/model/files';
import { type Connection, connect } from '../../../src/model/source/download';
import { float32ToHalf } from '../../../src/model/weights/half';
import { diskWeightStore } from '../../../src/node/weightStore';
import type { WeightStore } from '../../../src/storage/weights';
import { type Family, familyFiles } from './families';
import { folderFiles, type HubFile, type HubRepo, memoryFile } from './files';
import type { LoggedRequest } from './hub';
import { syntheticRepo } from './synthetic';

export function goldenFolder(name: string): string {
  return fileURLToPath(new URL(`../../../goldens/models/${name}`, import.meta.url));
}

export function goldenFiles(name: string): Promise<HubFile[]> {
  return folderFiles(goldenFolder(name));
}

/** Remembers how long it was asked to wait, and waits no longer than a tick. */
export function hastyConnection(
  hubUrl: string,
  given: Partial<Connection> = {},
): Connection & { waits: number[] } {
  const waits: number[] = [];
  const wait = async (ms: number) => {
    waits.push(ms);
  };
  return { ...connect(hubUrl, new AbortController().signal, { wait, stallMs: 1000 }), ...given, waits };
}

export interface TemporaryStore {
  store: WeightStore;
  folder: string;
  remove(): Promise<void>;
}

export async function temporaryStore(): Promise<TemporaryStore> {
  const folder = await mkdtemp(join(tmpdir(), 'inlay-store-'));
  return {
    store: diskWeightStore(folder),
    folder,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Cuts a safetensors file in two, as large models are cut: header and bytes of each half are made anew. */
export function splitSafetensors(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const entries = Object.entries(header).filter(([key]) => key !== '__metadata__');
  entries.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  const middle = Math.floor(entries.length / 2);
  const part = (some: typeof entries): Uint8Array => {
    const first = some[0]?.[1].data_offsets[0] ?? 0;
    const last = some.at(-1)?.[1].data_offsets[1] ?? 0;
    const moved = some.map(
      ([
        key,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => [key, { dtype, shape, data_offsets: [begin - first, end - first] }],
    );
    return safetensors(
      JSON.stringify(Object.fromEntries(moved)),
      bytes.subarray(8 + headerBytes + first, 8 + headerBytes + last),
    );
  };
  return [part(entries.slice(0, middle)), part(entries.slice(middle))];
}

/** @param header JSON */
export function safetensors(header: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.byteLength + data.byteLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.byteLength), true);
  file.set(text, 8);
  file.set(data, 8 + text.byteLength);
  return file;
}

/** A safetensors file of these tensors, one after another. */
export function packSafetensors(
  tensors: Iterable<[key: string, tensor: { dtype: string; shape: readonly number[]; values: Uint8Array }]>,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [key, { dtype, shape, values }] of tensors) {
    header[key] = { dtype, shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
    parts.push(values);
  }
  return safetensors(JSON.stringify(header), Buffer.concat(parts));
}

/** The weights of goldens/models/sd15 in one file, as other programs write them (tools/goldens/checkpoints.py). */
const CKPT = fileURLToPath(new URL('../../../goldens/checkpoints/sd15.ckpt', import.meta.url));

async function ckptTensors(): Promise<StoredIndex> {
  const bytes = new Uint8Array(await readFile(CKPT));
  return (await openCheckpoint(bytesSource('sd15.ckpt', bytes))).tensors;
}

/** The golden `.ckpt` as a `.safetensors`: the same keys, values and order. */
export async function singleSafetensors(): Promise<Uint8Array<ArrayBuffer>> {
  const tensors = await Promise.all(
    [...(await ckptTensors())].map(async ([key, tensor]) => {
      const { dtype, shape } = tensor;
      return [key, { dtype, shape, values: await readTensor(tensor) }] as const;
    }),
  );
  return packSafetensors(tensors.map(([key, tensor]) => [key, tensor]));
}

/**
 * A checkpoint in one file that needs nothing beside it: so wide that what its shapes say of it is right (32 groups, 64
 * channels a head, CLIP's vocabulary), and no wider. Its values are made up; a picture comes of them all the same.
 */
export async function loneSafetensors(): Promise<Uint8Array<ArrayBuffer>> {
  const tensors = [...(await ckptTensors())].map(([key, { shape }]) => {
    const wide = shape.map((size, axis) => widened(key, size, axis));
    const count = wide.reduce((product, size) => product * size, 1);
    const fanIn = count / (wide[0] ?? 1);
    const value = (i: number) =>
      wide.length > 1 ? Math.sin(i * 12.9898) / Math.sqrt(fanIn) : key.endsWith('.weight') ? 1 : 0;
    const values = float32ToHalf(Float32Array.from({ length: count }, (_, i) => value(i)));
    return [key, { dtype: 'F16', shape: wide, values: new Uint8Array(values.buffer) }] as const;
  });
  return packSafetensors(tensors.map(([key, tensor]) => [key, tensor]));
}

/** Pixels, latents, their moments, kernels and tokens in a row stay as they are. */
function widened(key: string, size: number, axis: number): number {
  const isMoments = key.includes('quant_conv') || (axis === 0 && key.includes('encoder.conv_out'));
  if (axis > 1 || size < 8 || isMoments) return size;
  if (key.includes('position_embedding') && axis === 0) return size;
  if (key.includes('token_embedding') && axis === 0) return 49_408;
  return size * (key.startsWith('first_stage_model.') ? 4 : 2);
}

/** A repository of the golden model in both forms of a single file; what lies beside them wins over what their shapes say. */
export async function singleFileRepo(id: string): Promise<HubRepo> {
  const beside = (await goldenFiles('sd15')).filter(({ path }) => !path.endsWith('.safetensors'));
  return {
    id,
    files: [
      ...beside,
      memoryFile('sd15.safetensors', await singleSafetensors()),
      memoryFile('sd15.ckpt', new Uint8Array(await readFile(CKPT))),
    ],
  };
}

/** Bytes of weights that a hub was asked for; infinite where a request named no end. */
export function askedWeightBytes(log: readonly LoggedRequest[]): number {
  const asked = log
    .filter(({ origin }) => origin === 'content')
    .map(({ range }) => {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
      return last === undefined ? Number.POSITIVE_INFINITY : Number(last) - Number(first) + 1;
    });
  return asked.reduce((sum, bytes) => sum + bytes, 0);
}

/** A family's configurations at true size, without any weights. */
export function configsOf(family: Family): CheckpointFiles {
  const { configs } = familyFiles(family);
  return {
    name: `test/${family}`,
    async read(path) {
      const config = configs.get(path);
      return config === undefined ? undefined : new TextEncoder().encode(JSON.stringify(config));
    },
  };
}

/** Of true size, and only to be looked at: no pass over gigabytes for digests that nobody compares. */
export function unfetchedRepo(id: string, family: Family): HubRepo {
  const { files, ...about } = syntheticRepo(id, family);
  const undigested = (file: HubFile) => (file.large ? { ...file, oid: async () => '0'.repeat(64) } : file);
  return { ...about, files: files.map(undigested) };
}
