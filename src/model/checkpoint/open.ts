/** Opens a weights file by its content, not by its name. */
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import type { IndexedTensor, RandomAccess, StoredCheckpoint } from './reader';
import { parseSafetensorsHeader, parseSafetensorsMetadata, safetensorsHeaderBytes } from './safetensors';
import { readTorchFile } from './torchFile';
import { refuseQuantised } from './weightTensors';

const SNIFF_BYTES = 512;
const ZIP = [0x50, 0x4b, 0x03, 0x04];

/** Whether the file is an archive of torch.save. */
export async function isTorchFile(file: RandomAccess, signal?: AbortSignal): Promise<boolean> {
  return startsWith(await file.read(0, Math.min(ZIP.length, file.size), signal), ZIP);
}

/**
 * The tensors of a `.safetensors`, `.bin`, `.ckpt` or `.pt` file. Reads headers only.
 * @throws CheckpointError if it is damaged, or of a format that is not supported, by that format's name
 */
export async function openCheckpoint(file: RandomAccess, signal?: AbortSignal): Promise<StoredCheckpoint> {
  const checkpoint = await readIndex(file, signal);
  refuseQuantised(file.name, checkpoint.tensors.keys());
  return checkpoint;
}

async function readIndex(file: RandomAccess, signal: AbortSignal | undefined): Promise<StoredCheckpoint> {
  const start = await file.read(0, Math.min(SNIFF_BYTES, file.size), signal);
  if (startsWith(start, ZIP)) return readTorchFile(file, signal);
  const foreign = foreignFormat(start, 'a lone graph too');
  if (foreign !== undefined) throw new UnsupportedError(`${file.name}: ${foreign}`);
  return readSafetensorsFile(file, start, signal);
}

/**
 * What is served in place of a file: a web page, a pointer, another program's format.
 * @throws CheckpointError naming what the file is
 */
export async function refuseForeign(file: Pick<RandomAccess, 'name' | 'size' | 'read'>): Promise<void> {
  const foreign = foreignFormat(await file.read(0, Math.min(SNIFF_BYTES, file.size)));
  if (foreign !== undefined) throw new UnsupportedError(`${file.name}: ${foreign}`);
}

const LONE_GRAPH =
  'this is the ONNX export of a single network; name the repository or folder that holds it beside the others';

/** A ModelProto begins with its version, a small number, and who made it. */
function isOnnx(start: Uint8Array): boolean {
  return start[0] === 0x08 && (start[1] ?? 0) < 0x20 && start[2] === 0x12;
}

async function readSafetensorsFile(
  file: RandomAccess,
  start: Uint8Array<ArrayBuffer>,
  signal: AbortSignal | undefined,
): Promise<StoredCheckpoint> {
  const headerBytes = safetensorsHeaderBytes(start, file.name);
  if (headerBytes > file.size) {
    throw new CheckpointError(
      `${file.name}: the file ends within its header; delete it and download it again`,
    );
  }
  const header = await file.read(0, headerBytes, signal);
  const tensors = new Map<string, IndexedTensor>();
  for (const [key, tensor] of parseSafetensorsHeader(header, file.size, file.name)) {
    tensors.set(key, { ...tensor, file });
  }
  return { name: file.name, tensors, metadata: parseSafetensorsMetadata(header, file.name) };
}

/** @returns what to tell the user about a file that is neither safetensors nor a zip */
function foreignFormat(start: Uint8Array, lone?: 'a lone graph too'): string | undefined {
  // A safetensors header: its brace is at byte 8, after its length, whose first bytes may look like anything.
  if (start[8] === 0x7b && start[7] === 0 && start[6] === 0) return undefined;
  // torch.save before PyTorch 1.6: a pickle of the number 0x1950a86a20f9469cfc6c; before 0.1.10: a tar.
  const legacy = startsWith(start, [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9]);
  const text = new TextDecoder('latin1').decode(start);
  if (legacy || text.slice(257, 262) === 'ustar') {
    return (
      'this is a PyTorch file of the format before version 1.6, which is not supported; load and save it once with ' +
      'a newer PyTorch, or use a safetensors file of this model'
    );
  }
  if (start[0] === 0x80 && (start[1] ?? 9) <= 5) {
    return 'this is a bare Python pickle, not a file that torch.save writes; use a safetensors file of this model';
  }
  if (lone !== undefined && isOnnx(start)) return LONE_GRAPH;
  if (text.startsWith('GGUF')) {
    return 'this is a GGUF file, whose quantised weights are not supported; use a safetensors file of this model';
  }
  if (text.startsWith('version https://git-lfs')) {
    return 'this is a Git LFS pointer, not the weights themselves; fetch the file with "git lfs pull" or from the Hub';
  }
  if (/^\s*</.test(text)) {
    return 'this is a web page, not a file of weights; check the URL, which must lead to the file itself';
  }
  return undefined;
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}
