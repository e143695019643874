/** A source of weights that is read twice: first its headers, at any position, then all of it in order. */
import { CheckpointError } from '../../contract/errors';
import { MAX_JSON_BYTES } from '../../contract/limits';
import type { RandomAccess } from '../checkpoint/reader';
import { GET_ANOTHER } from '../checkpoint/remedy';
import {
  type Connection,
  collect,
  download,
  FileChangedError,
  type RemoteFile,
  type Validator,
} from './download';

export interface ReadBefore {
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Ranges of a file that are read separately: a header, or one for each tensor of an archive. All are searched repeatedly.
 */
const MAX_READS = 25_000;

/** Reads ranges of a file that may be far away, and remembers them. */
export class RemoteAccess implements RandomAccess {
  readonly name: string;
  readonly size: number;
  readonly remote: boolean;
  readonly reads: ReadBefore[] = [];

  constructor(
    readonly file: RemoteFile,
    readonly connection: Connection,
    readonly validator: Validator,
  ) {
    this.name = file.path;
    this.size = file.size;
    this.remote = 'url' in file.at;
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new CheckpointError(
        `${this.name}: bytes ${offset} to ${offset + length} were wanted but the file has ${this.size}; the file is damaged: ${GET_ANOTHER}`,
      );
    }
    const known = this.reads.find(
      (read) => read.offset <= offset && offset + length <= read.offset + read.bytes.byteLength,
    );
    if (known !== undefined) return known.bytes.slice(offset - known.offset, offset - known.offset + length);
    if (this.reads.length === MAX_READS) {
      throw new CheckpointError(
        `${this.name}: its parts lie in more than ${MAX_READS} places, as no model's do; use a safetensors file of this model`,
      );
    }
    const range = { start: offset, end: offset + length };
    const bytes = await collect(download(this.file, this.connection, range, this.validator), length);
    this.reads.push({ offset, bytes: bytes.slice() });
    return bytes;
  }

  /** @returns SHA-256 of everything that was read, in hex: an equal digest means the same layout */
  async digest(): Promise<string> {
    const parts = this.reads.flatMap(({ offset, bytes }) => [`${offset} ${bytes.byteLength} `, bytes]);
    return digestOfParts('SHA-256', parts);
  }

  /**
   * Compares what arrives with what the layout was read from: a layout of other bytes would put values in wrong places.
   * @throws FileChangedError if they differ
   */
  compare(bytes: Uint8Array, position: number): void {
    for (const read of this.reads) {
      const from = Math.max(position, read.offset);
      const to = Math.min(position + bytes.byteLength, read.offset + read.bytes.byteLength);
      for (let at = from; at < to; at++) {
        if (bytes[at - position] !== read.bytes[at - read.offset]) {
          throw new FileChangedError(
            `${this.name}: byte ${at} came in two ways: the file was changed or damaged on its way; download the model again`,
          );
        }
      }
    }
  }
}

/**
 * A small file, checked against the digest that the server lists.
 * @throws CheckpointError if it is longer than any small file, or twice differs from the listing
 */
export async function readSmallFile(
  file: RemoteFile,
  connection: Connection,
): Promise<Uint8Array<ArrayBuffer>> {
  if (file.size > MAX_JSON_BYTES) {
    throw new CheckpointError(
      `${file.path}: it has ${file.size} bytes, where configurations and vocabularies have at most ${MAX_JSON_BYTES}; ` +
        'this is not a model that Inlay reads',
    );
  }
  for (let attempt = 1; ; attempt++) {
    const bytes = await collect(download(file, connection, { start: 0, end: file.size }), file.size);
    if (await isAsListed(file, bytes)) return bytes;
    if (attempt === 2) throw wrongDigest(file);
  }
}

async function isAsListed({ sha256, gitOid }: RemoteFile, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (sha256 !== undefined) return (await digestOfParts('SHA-256', [bytes])) === sha256;
  if (gitOid === undefined) return true;
  // git hashes a blob with its own header: `blob`, the size and a zero byte.
  return (await digestOfParts('SHA-1', [`blob ${bytes.byteLength}\0`, bytes])) === gitOid;
}

/** @returns the digest of all parts, one after another, in hex; for files that easily fit into memory */
async function digestOfParts(algorithm: 'SHA-1' | 'SHA-256', parts: BlobPart[]): Promise<string> {
  const digest = await crypto.subtle.digest(algorithm, await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** For a file whose bytes twice did not match the listing's digest. */
export function wrongDigest(file: RemoteFile): CheckpointError {
  return new CheckpointError(
    `${file.path}: the bytes that came are not those that the server lists (its digest differs), twice in a row; ` +
      'nothing of them is used: try again later, or from another network',
  );
}
