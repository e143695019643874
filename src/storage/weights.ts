/**
 * Where prepared models are kept: one folder each, in the origin private file system or on the disk. This file is
 * what both have in common.
 */

/** Writes one file. What is already there stays until it is written over. */
export interface StoredWriter {
  /** @param at byte position in the file */
  write(bytes: Uint8Array, at: number): void | Promise<void>;
  /** Cuts the file to that length. */
  truncate(size: number): void | Promise<void>;
  /** Resolves once what was written would outlive a crash. */
  flush(): void | Promise<void>;
  close(): void | Promise<void>;
}

/** One model's files, by path with slashes. */
export interface ModelFolder {
  /** @returns undefined where there is no such file */
  readText(path: string): Promise<string | undefined>;
  /** Replaces the file in one step: a crash leaves the old or the new one. */
  writeText(path: string, text: string): Promise<void>;
  writer(path: string): Promise<StoredWriter>;
  /** Opens without reading. @returns undefined where there is no such file */
  open(path: string): Promise<Blob | undefined>;
  /** No error where there is no such file. */
  remove(path: string): Promise<void>;
  /** Removes the folder and everything in it. */
  clear(): Promise<void>;
}

export interface WeightStore {
  /** Bytes that can still be stored, or undefined where the platform does not say. */
  freeBytes(): Promise<number | undefined>;
  /** @returns whether so many more bytes would be stored: tried, where the platform does not say how much is free */
  hasRoomFor(bytes: number): Promise<boolean>;
  /** Names of all models, finished or not. */
  models(): Promise<string[]>;
  model(name: string): ModelFolder;
  /**
   * Runs work that no other tab or process does for this model at the same time.
   * @param onWait called where another holds the model at the moment
   * @throws the signal's reason where it aborts while waiting
   */
  exclusively<Result>(
    name: string,
    signal: AbortSignal,
    onWait: () => void,
    work: () => Promise<Result>,
  ): Promise<Result>;
  /** Marks a model as in use until the returned function is called; a tab that is closed uses nothing. */
  use(name: string): Promise<() => void>;
  /** @returns whether work runs exclusively on the model now, in any tab or process */
  isBusy(name: string): Promise<boolean>;
  /** Runs work unless the model is in use or {@link exclusively} held anywhere. @returns whether it ran */
  ifUnused(name: string, work: () => Promise<void>): Promise<boolean>;
}

/** @returns whether storing failed for want of space */
export function isOutOfSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'QuotaExceededError' ||
    ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'))
  );
}
