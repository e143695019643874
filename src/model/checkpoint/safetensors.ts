/**
 * Reads the header of a safetensors file: a little-endian u64 N, N bytes of JSON, then the tensors' bytes.
 * Source of the format: https://github.com/huggingface/safetensors#format
 */
import { z } from 'zod';
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import { MAX_JSON_BYTES } from '../../contract/limits';
import { GET_ANOTHER } from './remedy';

/** Bytes per value of each type that a checkpoint may hold. */
export const bytesPerValue = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
} as const;
/** Types that a checkpoint's tensors may have, whether Inlay computes with them or not. */
export type CheckpointType = keyof typeof bytesPerValue;

/** Largest N; the format allows 100 MB. A whole SDXL, the longest in use, takes 0.4 MB. */
const MAX_HEADER_BYTES = MAX_JSON_BYTES;
/** A whole SDXL has 2,515 tensors, one that was trained with all its states some 10,000. */
export const MAX_TENSORS = 100_000;
/** torch's tensors have at most this many. */
const MAX_DIMENSIONS = 64;

/** A tensor as its file describes it. */
export interface StoredTensor {
  dtype: CheckpointType;
  shape: readonly number[];
  /** Bytes from the beginning of the file. */
  offset: number;
  /** Bytes. */
  length: number;
}

const size = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const tensorSchema = z.object({
  dtype: z.enum(Object.keys(bytesPerValue) as [CheckpointType, ...CheckpointType[]]),
  shape: z.array(size).max(MAX_DIMENSIONS),
  data_offsets: z.tuple([size, size]),
});
const headerSchema = z.record(z.string(), z.unknown());

/**
 * @param start the file's first bytes: at least 8
 * @returns how many bytes, from the file's first, hold the header
 * @throws CheckpointError if the length is impossible
 */
export function safetensorsHeaderBytes(start: Uint8Array, path: string): number {
  if (start.byteLength < 8)
    throw new CheckpointError(`${path}: the file is too short to be safetensors; download it again`);
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new CheckpointError(
      `${path}: the header claims ${length} bytes, more than the ${MAX_HEADER_BYTES} that any model takes; ` +
        `the file is damaged or of another format: ${GET_ANOTHER}`,
    );
  }
  return 8 + Number(length);
}

/**
 * Checks that every tensor is within the file, has the bytes that its shape needs, and overlaps no other.
 * @param header the file's first {@link safetensorsHeaderBytes} bytes
 * @param fileBytes length of the whole file
 * @throws CheckpointError naming file and tensor
 */
export function parseSafetensorsHeader(
  header: Uint8Array,
  fileBytes: number,
  path: string,
): Map<string, StoredTensor> {
  const headerBytes = safetensorsHeaderBytes(header, path);
  if (headerBytes > fileBytes || headerBytes > header.byteLength) {
    throw new CheckpointError(`${path}: the file ends within its header; delete it and download it again`);
  }
  const entries = Object.entries(parseJson(header.subarray(8, headerBytes), path));
  if (entries.length > MAX_TENSORS) {
    throw new CheckpointError(
      `${path}: the header names ${entries.length} tensors, more than the ${MAX_TENSORS} that any model has; ${GET_ANOTHER}`,
    );
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [key, value] of entries) {
    if (key === '__metadata__') continue;
    refuseUnknownType(path, key, value);
    const parsed = tensorSchema.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new CheckpointError(`${path}: tensor "${key}": ${issue?.path.join('.')}: ${issue?.message}`);
    }
    const { dtype, shape, data_offsets } = parsed.data;
    const [begin, end] = data_offsets;
    const expected = shape.reduce((product, n) => product * n, bytesPerValue[dtype]);
    if (end - begin !== expected) {
      throw new CheckpointError(
        `${path}: tensor "${key}" of shape [${shape}] needs ${expected} bytes but has ${end - begin}; the file is damaged: ${GET_ANOTHER}`,
      );
    }
    if (headerBytes + end > fileBytes) {
      throw new CheckpointError(
        `${path}: tensor "${key}" ends past the end of the file (${headerBytes + end} of ${fileBytes} bytes); ` +
          `the file is damaged: ${GET_ANOTHER}`,
      );
    }
    tensors.set(key, { dtype, shape, offset: headerBytes + begin, length: end - begin });
  }
  refuseOverlaps(tensors, path);
  return tensors;
}

/** A newer type that Inlay does not know is not damage. */
function refuseUnknownType(path: string, key: string, value: unknown): void {
  const dtype = typeof value === 'object' && value !== null && 'dtype' in value ? value.dtype : undefined;
  if (typeof dtype !== 'string' || Object.hasOwn(bytesPerValue, dtype)) return;
  throw new UnsupportedError(
    `${path}: tensor "${key}" is of type ${dtype.slice(0, 40)}, which is not supported; use a file of this model in fp32, ` +
      'fp16, bf16 or plain fp8',
  );
}

/**
 * What the file says about itself: the header's `__metadata__`, strings by name.
 * @param header as for {@link parseSafetensorsHeader}
 */
export function parseSafetensorsMetadata(header: Uint8Array, path: string): Readonly<Record<string, string>> {
  const json = parseJson(header.subarray(8, safetensorsHeaderBytes(header, path)), path);
  const metadata = headerSchema.safeParse(json.__metadata__);
  if (!metadata.success) return {};
  return Object.fromEntries(
    Object.entries(metadata.data).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function parseJson(bytes: Uint8Array, path: string): Record<string, unknown> {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    throw new CheckpointError(
      `${path}: the header is not a JSON object; the file is damaged or of another format: ${GET_ANOTHER}`,
    );
  }
}

function refuseOverlaps(tensors: ReadonlyMap<string, StoredTensor>, path: string): void {
  const byOffset = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length);
  for (let i = 1; i < byOffset.length; i++) {
    const [previousKey, previous] = byOffset[i - 1] as (typeof byOffset)[number];
    const [key, tensor] = byOffset[i] as (typeof byOffset)[number];
    if (previous.offset + previous.length > tensor.offset) {
      throw new CheckpointError(
        `${path}: tensors "${previousKey}" and "${key}" overlap; the file is damaged: ${GET_ANOTHER}`,
      );
    }
  }
}
