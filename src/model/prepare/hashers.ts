/**
 * Hashers that take bytes as they arrive, used again and again. Each of hash-wasm's has a WebAssembly memory of its own,
 * for which a browser sets aside some 10 GB of addresses until the garbage collector of that very thread comes by: with
 * about 93 of them in a tab (measured in Chromium 156) no thread of it gets another one, ONNX Runtime's neither.
 */
import { createSHA256, createXXHash128, type IHasher } from 'hash-wasm';

const makers = { sha256: createSHA256, xxh128: createXXHash128 };
export type HasherKind = keyof typeof makers;

const idle: Record<HasherKind, IHasher[]> = { sha256: [], xxh128: [] };

export interface Lent {
  /** At its beginning: `init` was called. */
  hash: IHasher;
  /** Once: the next who asks gets the same hasher. */
  giveBack(): void;
}

export async function lendHasher(kind: HasherKind): Promise<Lent> {
  const hash = idle[kind].pop() ?? (await makers[kind]());
  hash.init();
  let isLent = true;
  return {
    hash,
    giveBack() {
      if (isLent) idle[kind].push(hash);
      isLent = false;
    },
  };
}
