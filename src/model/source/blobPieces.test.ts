import { expect, it } from 'vitest';
import { piecesOf, streamOf } from './blobPieces';

const MIB = 2 ** 20;

/** A Blob whose own streams never begin, as sometimes in Chromium. */
class WithoutStreams extends Blob {
  override stream(): never {
    throw new Error('a stream of the browser’s was asked for');
  }

  override slice(start?: number, end?: number): Blob {
    return new WithoutStreams([super.slice(start, end)]);
  }
}

const bytes = Uint8Array.from({ length: 9 * MIB + 5 }, (_, at) => (at * 31 + (at >> 12)) % 251);
const blob = new WithoutStreams([bytes]);

it('reads a file in pieces of four MiB', async () => {
  const lengths: number[] = [];
  for await (const piece of piecesOf(blob)) lengths.push(piece.byteLength);
  expect(lengths).toEqual([4 * MIB, 4 * MIB, MIB + 5]);
});

it('streams a slice of it, and stops reading where nobody wants more', async () => {
  const streamed = await new Response(streamOf(blob.slice(3, 5 * MIB))).arrayBuffer();
  expect(Buffer.compare(new Uint8Array(streamed), bytes.subarray(3, 5 * MIB))).toBe(0);

  const reader = streamOf(blob).getReader();
  await reader.read();
  await reader.cancel();
  expect(await reader.read()).toMatchObject({ done: true });
});

it('tells of a file that can no longer be read', async () => {
  const gone = new Blob([bytes]);
  gone.slice = () => {
    throw new DOMException('The file was changed.', 'NotReadableError');
  };
  await expect(streamOf(gone).getReader().read()).rejects.toThrow('The file was changed.');
});
