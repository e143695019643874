/** Which Python names a checkpoint's pickle may mention, and what each becomes. None is ever imported or run. */
import type { CheckpointType } from './safetensors';

type BuilderRole = 'tensor' | 'tensorWithType' | 'parameter' | 'dict' | 'parameterDict';

/** What a name means while a pickle is read. */
export type PickleGlobal =
  | { kind: 'global'; name: string; role: BuilderRole }
  | { kind: 'global'; name: string; role: 'storage' | 'type'; dtype: CheckpointType }
  | { kind: 'global'; name: string; role: 'untypedStorage' }
  /** Found in training checkpoints beside the weights; kept as a name, like everything made with it. */
  | { kind: 'global'; name: string; role: 'inert' };

const storageTypes: Readonly<Record<string, CheckpointType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const types: Readonly<Record<string, CheckpointType>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
};

const builders: Readonly<Record<string, BuilderRole>> = {
  'torch._utils._rebuild_tensor_v2': 'tensor',
  'torch._utils._rebuild_tensor_v3': 'tensorWithType',
  'torch._utils._rebuild_parameter': 'parameter',
  'collections.OrderedDict': 'dict',
  'builtins.dict': 'dict',
  '__builtin__.dict': 'dict',
  // The first textual inversions store their vectors in this.
  'torch.nn.modules.container.ParameterDict': 'parameterDict',
};

/** Exact names that occur in real checkpoints and only make numbers, strings and containers. */
const inertNames = new Set([
  'torch.Size',
  'torch.device',
  'numpy.dtype',
  'numpy.ndarray',
  'numpy.core.multiarray.scalar',
  'numpy.core.multiarray._reconstruct',
  'numpy._core.multiarray.scalar',
  'numpy._core.multiarray._reconstruct',
  '_codecs.encode',
  'collections.defaultdict',
  'builtins.set',
  'builtins.list',
  'builtins.int',
  'builtins.float',
  'builtins.str',
  '__builtin__.set',
  '__builtin__.list',
  '__builtin__.int',
  '__builtin__.float',
  '__builtin__.str',
  'argparse.Namespace',
  'pathlib.PosixPath',
  'pathlib.WindowsPath',
  'typing.Any',
]);

/** Training libraries whose classes `.ckpt` files carry as callbacks and settings: classes only, no functions. */
const inertClasses =
  /^(pytorch_lightning|lightning|lightning_fabric|omegaconf|ldm|sgm)(\.[a-z_][a-z0-9_]*)*\.[A-Z][A-Za-z0-9_]*$/;

/** Torch types that none of Inlay's networks has; not dangerous. */
const FOREIGN_TYPE =
  /^(u?int\d{1,2}|complex\d{2,3}|float\d_\w{1,16}|bits\w{1,8}|qu?int\w{1,8}|[A-Z][A-Za-z0-9_]{1,30}Storage)$/;

/** @returns whether the name means a type of values that is not supported */
export function isForeignType(module: string, attribute: string): boolean {
  return (
    (module === 'torch' && FOREIGN_TYPE.test(attribute)) ||
    (module === 'torch._utils' && /^_rebuild_q?(u|sparse|nested|wrapper|meta)?tensor/.test(attribute))
  );
}

/**
 * @returns undefined for a name that no checkpoint needs
 */
export function lookUpGlobal(module: string, attribute: string): PickleGlobal | undefined {
  const name = `${module}.${attribute}`;
  if (Object.hasOwn(builders, name)) {
    const role = builders[name];
    if (role !== undefined) return { kind: 'global', name, role };
  }
  if (module === 'torch' && Object.hasOwn(storageTypes, attribute)) {
    const dtype = storageTypes[attribute];
    if (dtype !== undefined) return { kind: 'global', name, role: 'storage', dtype };
  }
  if (module === 'torch' && Object.hasOwn(types, attribute)) {
    const dtype = types[attribute];
    if (dtype !== undefined) return { kind: 'global', name, role: 'type', dtype };
  }
  if (name === 'torch.storage.UntypedStorage') return { kind: 'global', name, role: 'untypedStorage' };
  if (inertNames.has(name) || inertClasses.test(name)) return { kind: 'global', name, role: 'inert' };
  return undefined;
}
