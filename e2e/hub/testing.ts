/** What tests against the local hub share: golden repositories, a store in a temporary folder, no waiting. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Connection, connect } from '../../src/model/download';
import type { CheckpointFiles } from '../../src/model/files';
import { diskWeightStore } from '../../src/node/weightStore';
import type { WeightStore } from '../../src/storage/weights';
import { type Family, familyFiles } from './families';
import { folderFiles, type HubFile, type HubRepo } from './files';
import type { LoggedRequest } from './hub';
import { syntheticRepo } from './synthetic';

export function goldenFolder(name: string): string {
  return fileURLToPath(new URL(`../../goldens/models/${name}`, import.meta.url));
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
  return { ...connect(hubUrl, new AbortController().signal, { wait, stallMs: 300 }), ...given, waits };
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
