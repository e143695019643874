/**
 * Reads files piece by piece, each by a separate call. Chromium's own streams do not always finish: for a file in the origin
 * private file system, `slice(…).stream()` sometimes never delivers its next piece, without an error (version 156, after 0.1
 * to 7 GB of slices; docs/memory.md). `arrayBuffer()` of slices always did.
 */

const PIECE_BYTES = 4 * 2 ** 20;

/** @returns the bytes in order, 4 MiB at a time */
export async function* piecesOf(blob: Blob): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < blob.size; at += PIECE_BYTES) {
    yield new Uint8Array(await blob.slice(at, at + PIECE_BYTES).arrayBuffer());
  }
}

/** What `blob.stream()` gives. */
export function streamOf(blob: Blob): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = piecesOf(blob);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}
