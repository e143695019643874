/** What a graph is built from, what for, and what comes out. */

export type Provider = 'webgpu' | 'wasm';
/** What a session computes in. */
export type Precision = 'fp32' | 'fp16';

/** How a tensor is stored, by safetensors' name. What it is computed in is the graph's business. */
export type StoredType = 'F32' | 'F16';

/** How weights are stored for a session that computes in a precision. */
export const storedAs: Readonly<Record<Precision, StoredType>> = { fp32: 'F32', fp16: 'F16' };

const valueBytes: Readonly<Record<StoredType, number>> = { F32: 4, F16: 2 };

/** Bytes that a tensor of that shape takes as it is stored. */
export function storedSize(type: StoredType, shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, valueBytes[type]);
}

/** Whether a type that a file names is one in which Inlay stores tensors. */
export function isStoredType(type: string): type is StoredType {
  return Object.hasOwn(valueBytes, type);
}

/**
 * The forms whose speed or correctness depends on the machine. The canary (model/runtime/canary.ts) decides each on the
 * person's own adapter; `nn.ts` falls back to plain operators where one is false.
 */
export interface Forms {
  /** `com.microsoft` MultiHeadAttention, which keeps scores out of memory. */
  multiHeadAttention: boolean;
  /** `com.microsoft` GroupNorm (channels last) with SiLU fused. */
  groupNorm: boolean;
  /** `com.microsoft` BiasSplitGelu; wrong shader in fp16. */
  biasSplitGelu: boolean;
}

/** Where a graph will run. Only `nn.ts` asks. */
export interface GraphTarget {
  provider: Provider;
  precision: Precision;
  forms: Forms;
}

/** One tensor of a checkpoint: bytes `offset` … `offset + length` of the file `path`. */
export interface TensorEntry {
  dtype: StoredType;
  shape: readonly number[];
  path: string;
  /** Bytes from the beginning of the file. */
  offset: number;
  /** Bytes. */
  length: number;
}

/** A component's tensors by checkpoint key. */
export type TensorIndex = ReadonlyMap<string, TensorEntry>;

/** An ONNX model whose initializers are external data. Inputs and outputs are float32 or int32, whatever the precision. */
export interface Graph {
  /** The serialized ModelProto. */
  bytes: Uint8Array<ArrayBuffer>;
  inputNames: readonly string[];
  outputNames: readonly string[];
  /** The files that initializers point into: each must be mounted as external data under this very path. */
  paths: readonly string[];
}
