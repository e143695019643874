/** Checkpoints in local folders and files. */
import { openAsBlob } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { CheckpointError, isAbort, messageOf } from '../contract/errors';
import { blobSource } from '../model/checkpoint/reader';
import type { CheckpointFiles } from '../model/files';
import { localModel, type Source } from '../model/source/source';

/** @param folder path of a model in the diffusers layout */
export function folderFiles(folder: string): CheckpointFiles {
  return {
    name: folder,
    async read(path, { signal, onProgress } = {}) {
      const full = join(folder, path);
      return unlessMissing(full, async () => {
        const { size } = await stat(full);
        onProgress?.(0, size);
        const bytes = await readFile(full, { signal });
        onProgress?.(bytes.byteLength, size);
        return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
      });
    },
    open(path) {
      const full = join(folder, path);
      return unlessMissing(full, async () => {
        // Unlike `openAsBlob`, this says why it fails.
        await stat(full);
        return blobSource(full, await openAsBlob(full));
      });
    },
  };
}

/** @returns undefined if there is no such file @throws CheckpointError naming a file that cannot be read; AbortError */
async function unlessMissing<Result>(path: string, work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isAbort(error)) throw error;
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return undefined;
    }
    throw new CheckpointError(`${path}: ${messageOf(error)}`);
  }
}

/** A folder or a single file as a source to prepare a model from; path, sizes and dates identify its content. */
export async function localSource(name: string): Promise<Source> {
  const root = resolve(name);
  const isFolder = (await stat(root)).isDirectory();
  const entries = isFolder ? await readdir(root, { recursive: true, withFileTypes: true }) : [];
  const paths = isFolder
    ? entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    : [root];
  const files = new Map<string, Blob>();
  const versions: string[] = [];
  for (const path of paths.sort()) {
    const inside = isFolder ? relative(root, path).split(sep).join('/') : (root.split(sep).at(-1) ?? root);
    files.set(inside, await openAsBlob(path));
    versions.push(`${inside} ${(await stat(path)).mtimeMs}`);
  }
  const source = localModel([root, ...versions].join('\n'), files);
  return { ...source, name, location: root };
}
