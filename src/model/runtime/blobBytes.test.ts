import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { linear } from '../../graph/layers/nn';
import { GraphBuilder } from '../../graph/onnx/builder';
import type { TensorEntry } from '../../graph/onnx/types';
import { createNodeRuntime } from '../../node/ort';
import { BlobBytes } from './blobBytes';

/** Which bytes were read, as pairs of their begin and end. */
let reads: [number, number][];

// Node cannot read a Blob synchronously: here a slice knows its bytes.
class KnownBlob extends Blob {
  constructor(
    readonly known: Uint8Array<ArrayBuffer>,
    readonly begin = 0,
  ) {
    super([known]);
  }

  override slice(begin = 0, end = this.size): KnownBlob {
    return new KnownBlob(this.known.slice(begin, end), begin);
  }
}

beforeEach(() => {
  reads = [];
  vi.stubGlobal(
    'FileReaderSync',
    class {
      readAsArrayBuffer({ known, begin }: KnownBlob): ArrayBuffer {
        reads.push([begin, begin + known.byteLength]);
        return known.buffer;
      }
    },
  );
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it('says how long the file is, and reads what is asked for', () => {
  const bytes = new BlobBytes(new KnownBlob(Uint8Array.of(1, 2, 3, 4, 5)));
  expect(bytes.byteLength).toBe(5);
  expect([...bytes.subarray(1, 3)]).toEqual([2, 3]);
  expect([...bytes.subarray(4)]).toEqual([5]);
  expect(reads).toEqual([
    [1, 3],
    [4, 5],
  ]);
});

it('is what ONNX Runtime takes weights from, tensor by tensor and never whole', async () => {
  const runtime = await createNodeRuntime(1);
  // Two layers of 32 · 32 weights behind a header of 64 bytes; ONNX Runtime keeps smaller tensors elsewhere.
  const values = Float32Array.from({ length: 2048 }, (_, i) => (i % 7) - 3);
  const file = new Uint8Array(64 + values.byteLength);
  file.set(new Uint8Array(values.buffer), 64);
  const entries = new Map<string, TensorEntry>(
    ['first.weight', 'second.weight'].map((key, i) => [
      key,
      { dtype: 'F32', shape: [32, 32], path: 'w', offset: 64 + i * 4096, length: 4096 },
    ]),
  );
  const take = (key: string) => {
    const entry = entries.get(key);
    if (entry === undefined) throw new Error(`no ${key}`);
    return entry;
  };
  const g = new GraphBuilder('test', { has: (key) => entries.has(key), take, finish() {} }, runtime.target);
  const x = g.input('x', 'float32', ['rows', 32]);
  const layer = { in: 32, out: 32, bias: false };
  g.output('y', linear(g, 'second', linear(g, 'first', x, layer), layer), ['rows', 32]);
  const graph = g.finish();

  const made = async (data: Uint8Array<ArrayBuffer> | Blob) => {
    const session = await runtime.createSession('test', graph, new Map([['w', data]]));
    const feed = { values: Float32Array.from({ length: 32 }, (_, i) => i / 32), dims: [1, 32] };
    const output = await session.read({ x: feed }, 'y');
    await session.dispose();
    return [...output];
  };
  expect(await made(new KnownBlob(file))).toEqual(await made(file));
  expect(reads.sort(([a], [b]) => a - b)).toEqual([
    [64, 4160],
    [4160, 8256],
  ]);
});
