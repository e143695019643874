/**
 * Where each tensor of a checkpoint file goes: into safetensors files of bounded size, laid out before the first byte
 * arrives, so that a pass over the source writes each of them from its beginning to its end.
 */
import { UnsupportedError } from '../../contract/errors';
import { type StoredType, storedSize } from '../../graph/onnx/types';
import type { IndexedTensor, RandomAccess, StoredIndex } from '../checkpoint/reader';
import { weightTensors } from '../checkpoint/weightTensors';
import type { WeightType } from '../weights/cast';

/** ORT's asyncify build misreads external data from 4 GiB on; browsers limit buffers well before. */
const MAX_SHARD_BYTES = 2 ** 30;

/** The type of bytes that are stored as they are, whatever they mean. */
export const BYTES = 'U8';

/** One tensor's path from the source into a shard. */
export interface Output {
  key: string;
  /** Bytes `offset` … `offset + length` of the source file. */
  source: IndexedTensor & { dtype: WeightType | typeof BYTES };
  /** Bytes it has in the shard. */
  length: number;
  /** Changes the values, row after row in float32, before they are stored. */
  change?: (values: Float32Array) => Promise<void>;
}

export interface ShardPlan {
  /** Within the model's folder. */
  path: string;
  /** In which its tensors are stored. */
  type: StoredType | typeof BYTES;
  /** The safetensors header with its length in front; empty for a file that is stored as it is. */
  header: Uint8Array<ArrayBuffer>;
  /** Bytes of the whole shard. */
  size: number;
  /** In the order of the source's bytes, which is that of the shard's. */
  outputs: readonly Output[];
}

/**
 * @param tensors of one component, from one file
 * @param name numbers the shards of the component
 * @param limit bytes a shard may have
 * @throws CheckpointError if a single tensor is over the limit, or of a type that cannot be run
 */
export function planShards(
  tensors: StoredIndex,
  type: StoredType,
  name: (number: number) => string,
  limit = MAX_SHARD_BYTES,
): ShardPlan[] {
  const outputs: Output[] = [];
  for (const [key, source] of weightTensors(tensors, ({ file }) => file.name)) {
    outputs.push({ key, source, length: storedSize(type, source.shape) });
  }
  outputs.sort((a, b) => a.source.offset - b.source.offset || (a.key < b.key ? -1 : 1));
  const shards: ShardPlan[] = [];
  let group: Output[] = [];
  let size = 0;
  const close = () => {
    if (group.length > 0) shards.push(shardOf(group, type, name(shards.length + 1)));
    group = [];
    size = 0;
  };
  for (const output of outputs) {
    const added = output.length + headerBytesOf(output);
    if (added + HEADER_ROOM > limit) {
      throw new UnsupportedError(
        `${output.source.file.name}: tensor "${output.key}" of ${output.length} bytes is larger than the ${limit} that ` +
          'a file of weights may have here; this model cannot be run',
      );
    }
    if (size + added + HEADER_ROOM > limit) close();
    group.push(output);
    size += added;
  }
  close();
  return shards;
}

/** Braces, length and padding. */
const HEADER_ROOM = 32;

/** An upper bound of what a tensor's entry takes in the header. */
function headerBytesOf({ key, source }: Output): number {
  return JSON.stringify(key).length * 3 + source.shape.length * 12 + 90;
}

function shardOf(outputs: Output[], type: StoredType, path: string): ShardPlan {
  let end = 0;
  const entries = outputs.map(({ key, source, length }) => {
    const begin = end;
    end += length;
    return [key, { dtype: type, shape: source.shape, data_offsets: [begin, end] }];
  });
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const padded = Math.ceil(text.byteLength / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20); // spaces, as the format asks for
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, 8);
  return { path, type, header, size: header.byteLength + end, outputs };
}

/** A whole file, byte for byte, under its own path. */
export function verbatimShard(file: RandomAccess): ShardPlan {
  const { name, size } = file;
  const source = { dtype: BYTES, shape: [size], offset: 0, length: size, file } as const;
  return {
    path: name,
    type: BYTES,
    header: new Uint8Array(0),
    size,
    outputs: [{ key: name, source, length: size }],
  };
}
