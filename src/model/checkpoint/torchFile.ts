/**
 * Reads the index of `.bin`, `.ckpt` and `.pt` files: a zip with the pickle `data.pkl`, which describes the
 * tensors, and one entry per storage, which holds their bytes.
 * Source of the format: torch/serialization.py, https://pytorch.org/docs/stable/notes/serialization.html
 */
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import { readPickle } from './pickle';
import { isKind, type PickleTensor, type PickleValue } from './pickleValues';
import type { IndexedTensor, RandomAccess, StoredCheckpoint } from './reader';
import { GET_ANOTHER } from './remedy';
import { bytesPerValue, MAX_TENSORS } from './safetensors';
import { stridedTensor } from './tensorView';
import { readZipEntries, type ZipEntry } from './zip';

/** `state_dict` within `state_dict`: no file nests deeper, and a cycle would never end. */
const MAX_WRAPPERS = 4;
const MAX_PICKLE_BYTES = 64 * 2 ** 20;

/** What an archive of torch.save holds: a pickle's values, among them descriptions of tensors. */
export interface TorchArchive {
  root: PickleValue;
  /**
   * Where a tensor's values are.
   * @param key what errors call it
   * @throws CheckpointError if the archive lacks some of them
   */
  locate(key: string, tensor: PickleTensor): IndexedTensor;
}

/**
 * @param file a zip archive as torch.save writes it since PyTorch 1.6
 * @throws CheckpointError if it is damaged, holds no tensors or asks for code to be run
 */
export async function readTorchFile(file: RandomAccess, signal?: AbortSignal): Promise<StoredCheckpoint> {
  const archive = await openTorchArchive(file, signal);
  const { state, globalStep } = unwrap(archive.root);
  const tensors = new Map<string, IndexedTensor>();
  for (const [key, value] of state) {
    if (typeof key !== 'string' || !isKind(value, 'tensor')) continue;
    if (tensors.size === MAX_TENSORS) {
      throw new CheckpointError(
        `${file.name}: it names more than the ${MAX_TENSORS} tensors that any model has; ${GET_ANOTHER}`,
      );
    }
    tensors.set(key, archive.locate(key, value));
  }
  if (tensors.size === 0) {
    throw new CheckpointError(
      `${file.name}: it holds no tensors by name; name a file of weights (a state dict)`,
    );
  }
  return { name: file.name, tensors, metadata: {}, ...(globalStep === undefined ? {} : { globalStep }) };
}

/** As {@link readTorchFile}, for an archive with any content. */
export async function openTorchArchive(file: RandomAccess, signal?: AbortSignal): Promise<TorchArchive> {
  const entries = await readZipEntries(file, signal);
  const pickleName = [...entries.keys()].find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  const pickleEntry = pickleName === undefined ? undefined : entries.get(pickleName);
  if (pickleName === undefined || pickleEntry === undefined) {
    throw new CheckpointError(`${file.name}: the archive has no data.pkl; it is not a PyTorch checkpoint`);
  }
  const root = pickleName.slice(0, -'data.pkl'.length);
  if (entries.has(`${root}constants.pkl`)) {
    throw new UnsupportedError(
      `${file.name}: this is a TorchScript program, which is not supported; use a file of weights`,
    );
  }
  await refuseBigEndian(file, entries.get(`${root}byteorder`), signal);
  if (pickleEntry.size > MAX_PICKLE_BYTES) {
    throw new CheckpointError(
      `${file.name}: its data.pkl of ${pickleEntry.size} bytes is too large to be a checkpoint's`,
    );
  }
  const pickle = await file.read(pickleEntry.offset, pickleEntry.size, signal);
  return {
    root: readPickle(pickle, file.name),
    locate: (key, tensor) => locate(file, key, tensor, entries.get(`${root}data/${tensor.storage.key}`)),
  };
}

async function refuseBigEndian(
  file: RandomAccess,
  entry: ZipEntry | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (entry === undefined || entry.size > 16) return;
  const order = new TextDecoder().decode(await file.read(entry.offset, entry.size, signal)).trim();
  if (order !== 'little') {
    throw new UnsupportedError(
      `${file.name}: its byte order is "${order}"; only little-endian files are supported`,
    );
  }
}

/** Descends to the dictionary of tensors, which training programs wrap in their own. */
function unwrap(root: PickleValue): { state: ReadonlyMap<PickleValue, PickleValue>; globalStep?: number } {
  let state: ReadonlyMap<PickleValue, PickleValue> = new Map();
  let value: PickleValue | undefined = root;
  let globalStep: number | undefined;
  for (let depth = 0; depth < MAX_WRAPPERS && isKind(value, 'dict'); depth++) {
    state = value.entries;
    const step = state.get('global_step');
    if (typeof step === 'number') globalStep = step;
    value = state.get('state_dict');
  }
  return globalStep === undefined ? { state } : { state, globalStep };
}

/** Places a tensor in the file, checking that its storage holds all its values. */
function locate(
  file: RandomAccess,
  key: string,
  tensor: PickleTensor,
  entry: ZipEntry | undefined,
): IndexedTensor {
  const { storage, dtype, shape } = tensor;
  if (entry === undefined) {
    throw new CheckpointError(
      `${file.name}: tensor "${key}" has no bytes: the archive lacks data/${storage.key}; download it again`,
    );
  }
  const valueBytes = bytesPerValue[dtype];
  const storageBytes = storage.count * (storage.dtype === undefined ? 1 : bytesPerValue[storage.dtype]);
  if (storageBytes > entry.size) {
    throw new CheckpointError(
      `${file.name}: the storage of tensor "${key}" has ${entry.size} of ${storageBytes} bytes; download it again`,
    );
  }
  const begin = tensor.offset * valueBytes;
  const located = stridedTensor(key, { file, dtype, shape, offset: entry.offset + begin }, tensor.strides);
  if (!Number.isSafeInteger(begin + located.length) || begin + located.length > storageBytes) {
    throw new CheckpointError(
      `${file.name}: tensor "${key}" reaches past the end of its storage; the file is damaged: ${GET_ANOTHER}`,
    );
  }
  return located;
}
