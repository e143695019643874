/** Reading what will be needed before it is asked for, while the thread does other things. */
import { abortable } from '../contract/errors';
import type { CheckpointFiles, ReadOptions } from './files';

/**
 * The same files. Reading these begins at once, all side by side; each is held until it is read for the first time.
 * @param signal ends the reading ahead; whoever asks for a file afterwards reads it anew
 */
export function readAhead(
  files: CheckpointFiles,
  paths: readonly string[],
  signal: AbortSignal,
): CheckpointFiles {
  const watchers = new Map<string, ReadOptions['onProgress']>();
  const begun = new Map(
    paths.map((path) => {
      const onProgress = (loaded: number, total: number) => watchers.get(path)?.(loaded, total);
      const reading = files.read(path, { signal, onProgress });
      // Whoever asks for it meets the failure.
      reading.catch(() => {});
      return [path, reading] as const;
    }),
  );
  return {
    ...files,
    async read(path, options) {
      const reading = begun.get(path);
      if (reading === undefined) return files.read(path, options);
      begun.delete(path);
      watchers.set(path, options?.onProgress);
      try {
        return await (options?.signal ? abortable(reading, options.signal) : reading);
      } catch {
        options?.signal?.throwIfAborted();
        return files.read(path, options);
      } finally {
        watchers.delete(path);
      }
    },
  };
}
