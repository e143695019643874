/**
 * Files in IndexedDB. WebKit refuses them in private windows and other sessions that store nothing on the disk ("Error
 * preparing Blob/File data to be stored in object store"), but takes their bytes.
 */
import { z } from 'zod';

/** What is stored of a file. */
export type KeptBlob = Blob | { bytes: ArrayBuffer; type: string };

export const keptBlobSchema = z
  .union([z.instanceof(Blob), z.object({ bytes: z.instanceof(ArrayBuffer), type: z.string() })])
  .transform(toBlob);

export function toBlob(kept: KeptBlob): Blob {
  return kept instanceof Blob ? kept : new Blob([kept.bytes], { type: kept.type });
}

/** Whether this browser has refused a file since the page was opened. */
let refused = false;

/**
 * Writes files, a second time as bytes if the browser refuses them as they are.
 * @param write stores what `form` makes of each file; called again after a refusal, so it must have left nothing behind
 */
export async function writeBlobs<Result>(
  blobs: readonly Blob[],
  write: (form: (blob: Blob) => KeptBlob) => Promise<Result>,
): Promise<Result> {
  if (!refused) {
    try {
      return await write((blob) => blob);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused = true;
    }
  }
  const bytes = new Map<Blob, KeptBlob>();
  for (const blob of blobs) bytes.set(blob, { bytes: await blob.arrayBuffer(), type: blob.type });
  return write((blob) => bytes.get(blob) ?? blob);
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && /\bBlob\b/.test(error.message);
}
