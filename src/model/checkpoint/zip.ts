/**
 * Finds the entries of a zip archive by its central directory, ZIP64 included. Only stored entries are taken:
 * torch compresses nothing, and an entry that can be read in place needs no memory.
 * Source of the format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3, 4.5.3)
 */
import { CheckpointError } from '../../contract/errors';
import type { RandomAccess } from './reader';
import { GET_ANOTHER } from './remedy';

export interface ZipEntry {
  name: string;
  /** Bytes from the beginning of the file to the entry's own bytes. */
  offset: number;
  /** Bytes. */
  size: number;
}

interface DirectoryEntry {
  name: string;
  nameBytes: number;
  headerOffset: number;
  size: number;
  /** Sizes come after the data, in a separate descriptor. */
  hasDescriptor: boolean;
}

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const DIRECTORY_HEADER_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;
/** One for each tensor and a few more; a training checkpoint of SDXL with its optimizer state has some 8,000. */
const MAX_ENTRIES = 20_000;
const MAX_DIRECTORY_BYTES = 16 * 2 ** 20;
const MAX_UINT16 = 0xffff;
const MAX_UINT32 = 0xffffffff;
/** torch aligns every entry's bytes to this (caffe2/serialize/inline_container.cc). */
const TORCH_ALIGNMENT = 64;
/** Lengths a data descriptor can have: none, or with and without signature, in 32 and 64 bits. */
const DESCRIPTOR_BYTES = [12, 16, 20, 24];

/**
 * @returns entries by name, folders left out
 * @throws CheckpointError if the archive is damaged, or an entry is compressed or encrypted
 */
export async function readZipEntries(
  file: RandomAccess,
  signal?: AbortSignal,
): Promise<Map<string, ZipEntry>> {
  const directory = await readDirectory(file, signal);
  const entries = parseDirectory(file.name, directory.bytes, directory.count);
  entries.sort((a, b) => a.headerOffset - b.headerOffset);
  const found = new Map<string, ZipEntry>();
  // Only a local header says how long it is. Over a network, a thousand of them cost a thousand round trips:
  // there a few are read, and as long as they confirm what torch's alignment implies, the rest is assumed to follow it.
  let trusted = file.remote === true;
  for (const [i, entry] of entries.entries()) {
    const limit = entries[i + 1]?.headerOffset ?? directory.offset;
    const implied = impliedOffset(entry, limit);
    const sampled = i < 4 || i === entries.length - 1;
    const offset =
      trusted && !sampled && implied !== undefined ? implied : await readOffset(file, entry, signal);
    if (implied !== offset) trusted = false;
    if (offset + entry.size > limit) {
      throw damaged(file.name, `"${entry.name}" runs into what follows it`);
    }
    if (found.has(entry.name)) throw damaged(file.name, `two entries are called "${entry.name}"`);
    if (!entry.name.endsWith('/')) found.set(entry.name, { name: entry.name, offset, size: entry.size });
  }
  return found;
}

/** Reads the end of the archive, which says where the directory is. */
async function readDirectory(
  file: RandomAccess,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; count: number; offset: number }> {
  const tailBytes = Math.min(file.size, END_BYTES + MAX_UINT16 + LOCATOR_BYTES + END64_BYTES);
  const tail = await file.read(file.size - tailBytes, tailBytes, signal);
  const view = viewOf(tail);
  let end = tailBytes - END_BYTES;
  // The archive may end with a comment, whose length the record itself gives.
  while (
    end >= 0 &&
    !(uint32(view, end) === 0x06054b50 && end + END_BYTES + uint16(view, end + 20) === tailBytes)
  ) {
    end--;
  }
  if (end < 0) throw damaged(file.name, 'the archive has no end: the file was cut off');
  let count = uint16(view, end + 10);
  let bytes = uint32(view, end + 12);
  let offset = uint32(view, end + 16);
  let limit = file.size - tailBytes + end;
  const locator = end - LOCATOR_BYTES;
  if (locator >= 0 && uint32(view, locator) === 0x07064b50) {
    limit = uint64(file.name, view, locator + 8);
    const record = viewOf(await readPart(file, limit, END64_BYTES, signal));
    if (uint32(record, 0) !== 0x06064b50)
      throw damaged(file.name, 'the ZIP64 record is not where it should be');
    count = uint64(file.name, record, 32);
    bytes = uint64(file.name, record, 40);
    offset = uint64(file.name, record, 48);
  } else if (count === MAX_UINT16 || bytes === MAX_UINT32 || offset === MAX_UINT32) {
    throw damaged(file.name, 'the ZIP64 record is missing');
  }
  if (count > MAX_ENTRIES) {
    throw new CheckpointError(
      `${file.name}: the archive has ${count} entries, more than the ${MAX_ENTRIES} that any checkpoint has; use a ` +
        'safetensors file of this model',
    );
  }
  if (bytes > MAX_DIRECTORY_BYTES || offset + bytes > limit || count * DIRECTORY_HEADER_BYTES > bytes) {
    throw damaged(file.name, `the directory claims ${count} entries in ${bytes} bytes at ${offset}`);
  }
  return { bytes: await readPart(file, offset, bytes, signal), count, offset };
}

function parseDirectory(path: string, bytes: Uint8Array, count: number): DirectoryEntry[] {
  const view = viewOf(bytes);
  const entries: DirectoryEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + DIRECTORY_HEADER_BYTES > bytes.byteLength || uint32(view, at) !== 0x02014b50) {
      throw damaged(path, `entry ${i} of the directory is none`);
    }
    const nameBytes = uint16(view, at + 28);
    const extraBytes = uint16(view, at + 30);
    const next = at + DIRECTORY_HEADER_BYTES + nameBytes + extraBytes + uint16(view, at + 32);
    if (next > bytes.byteLength) throw damaged(path, `entry ${i} of the directory is cut off`);
    const name = new TextDecoder().decode(
      bytes.subarray(at + DIRECTORY_HEADER_BYTES, at + DIRECTORY_HEADER_BYTES + nameBytes),
    );
    const flags = uint16(view, at + 8);
    const method = uint16(view, at + 10);
    if (method !== 0) {
      throw new CheckpointError(
        `${path}: the archive's "${name}" is compressed; PyTorch stores its tensors uncompressed, so this is no ` +
          'checkpoint as PyTorch writes it: unpack it and save it again',
      );
    }
    if ((flags & 1) !== 0)
      throw new CheckpointError(
        `${path}: the archive's "${name}" is encrypted; use a file without a password`,
      );
    const sizes = zip64Sizes(path, view, at + DIRECTORY_HEADER_BYTES + nameBytes, extraBytes, {
      size: uint32(view, at + 24),
      packed: uint32(view, at + 20),
      headerOffset: uint32(view, at + 42),
    });
    if (sizes.size !== sizes.packed) throw damaged(path, `"${name}" has two sizes`);
    entries.push({
      name,
      nameBytes,
      headerOffset: sizes.headerOffset,
      size: sizes.size,
      hasDescriptor: (flags & 8) !== 0,
    });
    at = next;
  }
  return entries;
}

/** Replaces the fields that are all ones by those of the ZIP64 extra field, which holds only these. */
function zip64Sizes(
  path: string,
  view: DataView,
  begin: number,
  bytes: number,
  fields: { size: number; packed: number; headerOffset: number },
): { size: number; packed: number; headerOffset: number } {
  const wide = { ...fields };
  const missing = (['size', 'packed', 'headerOffset'] as const).filter((key) => fields[key] === MAX_UINT32);
  if (missing.length === 0) return wide;
  for (let at = begin; at + 4 <= begin + bytes; at += 4 + uint16(view, at + 2)) {
    if (uint16(view, at) !== 1) continue;
    if (uint16(view, at + 2) < missing.length * 8 || at + 4 + missing.length * 8 > begin + bytes) break;
    for (const [i, key] of missing.entries()) wide[key] = uint64(path, view, at + 4 + i * 8);
    return wide;
  }
  throw damaged(path, 'an entry lacks its ZIP64 sizes');
}

/**
 * Where an entry's bytes begin, inferred only from its neighbours: between its header and the next one are the rest of the
 * header, the bytes and perhaps a descriptor, and torch aligns the bytes, which leaves a single possible position.
 * @param limit where the next entry begins
 * @returns undefined unless exactly one position is possible
 */
function impliedOffset(entry: DirectoryEntry, limit: number): number | undefined {
  const places = (entry.hasDescriptor ? DESCRIPTOR_BYTES : [0])
    .map((descriptor) => limit - descriptor - entry.size)
    .filter((offset) => offset >= endOfName(entry) && offset % TORCH_ALIGNMENT === 0);
  return places.length === 1 ? places[0] : undefined;
}

/** Where an entry's bytes begin, as its local header says. */
async function readOffset(
  file: RandomAccess,
  entry: DirectoryEntry,
  signal: AbortSignal | undefined,
): Promise<number> {
  const header = viewOf(await readPart(file, entry.headerOffset, LOCAL_HEADER_BYTES, signal));
  if (uint32(header, 0) !== 0x04034b50 || uint16(header, 26) !== entry.nameBytes) {
    throw damaged(file.name, `"${entry.name}" is not where the directory says`);
  }
  return endOfName(entry) + uint16(header, 28);
}

function endOfName(entry: DirectoryEntry): number {
  return entry.headerOffset + LOCAL_HEADER_BYTES + entry.nameBytes;
}

async function readPart(
  file: RandomAccess,
  offset: number,
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  if (offset + bytes > file.size) throw damaged(file.name, 'a part of the archive lies past its end');
  return file.read(offset, bytes, signal);
}

function damaged(path: string, what: string): CheckpointError {
  return new CheckpointError(`${path}: ${what}; the file is damaged: ${GET_ANOTHER}`);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
function uint16(view: DataView, at: number): number {
  return view.getUint16(at, true);
}
function uint32(view: DataView, at: number): number {
  return view.getUint32(at, true);
}
function uint64(path: string, view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(path, `an offset of ${value} in the archive`);
  return Number(value);
}
