/** A checkpoint's files from a folder on the disk. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError } from '../engine/errors';
import type { CheckpointFiles } from '../model/files';

/** @param folder path of a model in the diffusers layout */
export function folderFiles(folder: string): CheckpointFiles {
  return {
    name: folder,
    async read(path, { signal, onProgress } = {}) {
      const full = join(folder, path);
      try {
        const { size } = await stat(full);
        onProgress?.(0, size);
        const bytes = await readFile(full, { signal });
        onProgress?.(bytes.byteLength, size);
        return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
      } catch (error) {
        signal?.throwIfAborted();
        if (isMissing(error)) return undefined;
        throw new CheckpointError(`${full}: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
