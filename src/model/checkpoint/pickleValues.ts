/** What a pickle's values become: plain data, descriptions of tensors, and names of what is ignored. */
import type { PickleGlobal } from './pickleGlobals';
import type { CheckpointType } from './safetensors';

/** A file of the archive that holds the values of one or several tensors. */
export interface PickleStorage {
  kind: 'storage';
  key: string;
  /** Absent for untyped storages: each tensor then names its own type. */
  dtype: CheckpointType | undefined;
  /** In values of `dtype`; in bytes where untyped. */
  count: number;
}

export interface PickleTensor {
  kind: 'tensor';
  storage: PickleStorage;
  dtype: CheckpointType;
  /** In values, as are the strides. */
  offset: number;
  shape: readonly number[];
  strides: readonly number[];
}

export interface PickleDict {
  kind: 'dict';
  entries: Map<PickleValue, PickleValue>;
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleGlobal
  | PickleDict
  | PickleStorage
  | PickleTensor
  | { kind: 'tuple' | 'list'; items: PickleValue[] }
  /** An object of a class that has nothing to do with weights. */
  | { kind: 'opaque'; of: string };

type Kind = 'global' | 'dict' | 'storage' | 'tensor' | 'tuple' | 'list' | 'opaque';

/** Narrows a value to the objects of one kind. */
export function isKind<K extends Kind>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K | unknown }> & { kind: K } {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** A whole number that can count or place something. */
export function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
