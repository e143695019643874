/** What a graph is built from, what for, and what comes out. */

export type Provider = 'webgpu' | 'wasm';
export type Precision = 'fp32' | 'fp16';

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
  dtype: 'F32' | 'F16';
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
