/**
 * Hashers that take bytes as they arrive, and are reused. Each of hash-wasm's has its own WebAssembly memory, for which a
 * browser sets aside some 10 GB of addresses until the garbage collector of that very thread comes by: with about 93 of them
 * in a tab (measured in Chromium 156) no thread of it gets another one, ONNX Runtime's neither.
 */
import { createSHA256, createXXHash128, type IHasher } from 'hash-wasm';
import { fromBase64 } from './base64';

const makers = { sha256: createSHA256, xxh128: createXXHash128 };
export type HasherKind = keyof typeof makers;

const idle: Record<HasherKind, IHasher[]> = { sha256: [], xxh128: [] };

export interface Lent {
  /** At its beginning, or where the saved state was taken. */
  hash: IHasher;
  /** Once: the next caller gets the same hasher. */
  giveBack(): void;
}

/**
 * @param state its inner state as base64 of what `save` gave, to continue from
 * @throws if that cannot be read: see {@link canGoOn}
 */
export async function lendHasher(kind: HasherKind, state?: string): Promise<Lent> {
  const hash = idle[kind].pop() ?? (await makers[kind]());
  let isLent = true;
  const giveBack = () => {
    if (isLent) idle[kind].push(hash);
    isLent = false;
  };
  try {
    hash.init();
    if (state !== undefined) hash.load(fromBase64(state));
  } catch (error) {
    giveBack();
    throw error;
  }
  return { hash, giveBack };
}

/** Whether a saved state can be continued from: each build of hash-wasm reads only its own. */
export async function canGoOn(kind: HasherKind, state: string): Promise<boolean> {
  try {
    (await lendHasher(kind, state)).giveBack();
    return true;
  } catch {
    return false;
  }
}
