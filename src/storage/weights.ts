/**
 * The interface of a store of prepared models, which has a folder for each. One implementation is in the browser's origin
 * private file system, one on disk.
 */

/** Writes one file. Existing bytes stay until they are overwritten. */
export interface StoredWriter {
  /** @param at byte position in the file */
  write(bytes: Uint8Array, at: number): void | Promise<void>;
  /** Cuts the file to that length. */
  truncate(size: number): void | Promise<void>;
  /** Resolves once everything written would survive a crash. */
  flush(): void | Promise<void>;
  close(): void | Promise<void>;
}

/** One model's files, by path, with slashes. */
export interface ModelFolder {
  /** @returns undefined if there is no such file */
  readText(path: string): Promise<string | undefined>;
  /** Replaces the file in one step: a crash leaves either the old or the new one. */
  writeText(path: string, text: string): Promise<void>;
  writer(path: string): Promise<StoredWriter>;
  /** Opens without reading. @returns undefined if there is no such file */
  open(path: string): Promise<Blob | undefined>;
  /** Does nothing if there is no such file. */
  remove(path: string): Promise<void>;
  /** Removes the folder and everything in it. */
  clear(): Promise<void>;
}

export interface WeightStore {
  /** Bytes that can still be stored; undefined if the platform does not say. */
  freeBytes(): Promise<number | undefined>;
  /** @returns whether this many more bytes can be stored; tried out if the platform does not say how much is free */
  hasRoomFor(bytes: number): Promise<boolean>;
  /** Names of all models, complete or not. */
  models(): Promise<string[]>;
  model(name: string): ModelFolder;
  /**
   * Runs work on this model that no other tab or process may do at the same time.
   * @param onWait called if another one holds the model now
   * @throws the signal's reason if it aborts while waiting
   */
  exclusively<Result>(
    name: string,
    signal: AbortSignal,
    onWait: () => void,
    work: () => Promise<Result>,
  ): Promise<Result>;
  /** Marks a model as in use until the returned function is called, or the tab is closed. */
  use(name: string): Promise<() => void>;
  /** @returns whether {@link exclusively} holds the model now, in any tab or process */
  isBusy(name: string): Promise<boolean>;
  /** Runs work unless the model is in use or held {@link exclusively} anywhere. @returns whether it ran */
  ifUnused(name: string, work: () => Promise<void>): Promise<boolean>;
}

/** @returns whether storing failed because there is no space left */
export function isOutOfSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'QuotaExceededError' ||
    ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'))
  );
}
