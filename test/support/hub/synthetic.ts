/**
 * Repositories of full size whose bytes are computed on request: every tensor of the real network under its real key, with
 * values from one random block that all tensors share at shifted positions.
 */
import { buildVaeDecoder, buildVaeEncoder } from '../../../src/graph/networks/autoencoderKl';
import { buildClipText } from '../../../src/graph/networks/clipText';
import { buildUnet2d } from '../../../src/graph/networks/unet2d';
import { wasmTarget } from '../../../src/graph/onnx/targets';
import { type RecordedTensors, recordTensors } from '../../../src/graph/onnx/tensors';
import type { GraphTarget } from '../../../src/graph/onnx/types';
import { parseVaeConfig } from '../../../src/model/configs/autoencoderKl';
import { parseClipTextConfig } from '../../../src/model/configs/clipText';
import { parseUnet2dConfig } from '../../../src/model/configs/unet2d';
import { rememberDigest } from './digests';
import { type Family, familyFiles } from './families';
import { digestOnce, type HubFile, type HubRepo, memoryFile } from './files';

/** fp16 values in the block; odd, so that equal shapes get different values. */
const BLOCK_VALUES = (1 << 21) + 1;
const PIECE_BYTES = 1 << 20;
/** Raise it whenever the same seed and layout give other bytes than before: digests are remembered by it. */
const BYTES_VERSION = 1;

interface Tensor {
  key: string;
  shape: readonly number[];
  /** Bytes from the beginning of the data. */
  offset: number;
  length: number;
  kind: 'ones' | 'zeros' | 'drawn';
  /** Values are drawn with deviation 2^−exponent. */
  exponent: number;
  /** Where in the block the tensor begins, in values. */
  shift: number;
}

/** mulberry32: a small generator is enough where only reproducibility counts. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Halves of deviation about 1, without rounding: sums of four 8-bit numbers, shifted to the middle.
 * @returns per exponent the same values times 2^−exponent, which is exact in fp16
 */
function drawnBlocks(seed: number): (exponent: number) => Uint8Array {
  const random = generator(seed);
  const bits = new Uint16Array(BLOCK_VALUES);
  for (let i = 0; i < BLOCK_VALUES; i++) {
    const magnitude = 1 + Math.floor(random() * 1023);
    // Exponent field 13 … 15: magnitudes of 1/4 to 2, small ones as often as large ones.
    bits[i] = (random() < 0.5 ? 0x8000 : 0) | ((13 + Math.floor(random() * 3)) << 10) | magnitude;
  }
  const made = new Map<number, Uint8Array>();
  return (exponent) => {
    const known = made.get(exponent);
    if (known !== undefined) return known;
    const scaled = new Uint8Array(bits.map((half) => half - (exponent << 10)).buffer);
    made.set(exponent, scaled);
    return scaled;
  };
}

const target: GraphTarget = { ...wasmTarget, precision: 'fp16' };

/** Keys that only old files have; the imagined checkpoint is a new one. */
const absent = /\.(query|key|value|proj_attn)\./;

function shapesOf(build: (tensors: RecordedTensors) => unknown): ReadonlyMap<string, readonly number[]> {
  const recorded = recordTensors('fp16', absent);
  build(recorded);
  return recorded.shapes;
}

/** Key → shape of every tensor that a component's checkpoint holds. */
function componentShapes(folder: string, config: unknown): ReadonlyMap<string, readonly number[]> {
  if (folder === 'unet')
    return shapesOf((tensors) => buildUnet2d(parseUnet2dConfig(config), tensors, target));
  if (folder === 'vae') {
    const parsed = parseVaeConfig(config);
    return shapesOf((tensors) => {
      buildVaeEncoder(parsed, tensors, target);
      buildVaeDecoder(parsed, tensors, target);
    });
  }
  const parsed = parseClipTextConfig(config, folder);
  const pooled = parsed.projection !== undefined;
  return new Map([
    ...shapesOf((tensors) => buildClipText(parsed, tensors, target, { hiddenState: 'last', pooled }, folder)),
    // A graph that reads the layer before the last leaves tensors out that the file has all the same.
    ...shapesOf((tensors) => buildClipText(parsed, tensors, target, { hiddenState: 'last' }, folder)),
  ]);
}

function layOut(shapes: ReadonlyMap<string, readonly number[]>): Tensor[] {
  let offset = 0;
  return [...shapes].map(([key, shape], i) => {
    const length = shape.reduce((product, n) => product * n, 2);
    const fanIn = shape.slice(1).reduce((product, n) => product * n, 1);
    const isNorm = shape.length === 1 && key.endsWith('.weight');
    const tensor: Tensor = {
      key,
      shape,
      offset,
      length,
      kind: isNorm ? 'ones' : shape.length === 1 ? 'zeros' : 'drawn',
      exponent: Math.min(12, Math.round(Math.log2(Math.max(1, fanIn)) / 2)),
      shift: (i * 7919) % BLOCK_VALUES,
    };
    offset += length;
    return tensor;
  });
}

/** A safetensors file in fp16 of which nothing is stored. */
function syntheticFile(path: string, shapes: ReadonlyMap<string, readonly number[]>, seed: number): HubFile {
  const tensors = layOut(shapes);
  const entries = tensors.map(({ key, shape, offset, length }) => [
    key,
    { dtype: 'F16', shape, data_offsets: [offset, offset + length] },
  ]);
  const json = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) });
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const header = new Uint8Array(8 + text.byteLength);
  new DataView(header.buffer).setBigUint64(0, BigInt(text.byteLength), true);
  header.set(text, 8);
  const last = tensors.at(-1);
  const size = header.byteLength + (last === undefined ? 0 : last.offset + last.length);
  const blocks = drawnBlocks(seed);
  const file = {
    path,
    size,
    large: true,
    async *read(start: number, end: number): AsyncIterable<Uint8Array> {
      for (let at = start; at < end; at += PIECE_BYTES) {
        const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at));
        fill(piece, at, header, tensors, blocks);
        yield piece;
      }
    },
  };
  return { ...file, oid: rememberDigest(`${BYTES_VERSION} ${seed} ${json}`, digestOnce(file)) };
}

function fill(
  piece: Uint8Array,
  at: number,
  header: Uint8Array,
  tensors: readonly Tensor[],
  blocks: (exponent: number) => Uint8Array,
): void {
  if (at < header.byteLength) piece.set(header.subarray(at, at + piece.byteLength));
  const begin = at - header.byteLength;
  const end = begin + piece.byteLength;
  for (let i = firstEndingAfter(tensors, begin); i < tensors.length; i++) {
    const tensor = tensors[i] as Tensor;
    if (tensor.offset >= end) break;
    const from = Math.max(begin, tensor.offset);
    const to = Math.min(end, tensor.offset + tensor.length);
    fillTensor(piece.subarray(from - begin, to - begin), tensor, from - tensor.offset, blocks);
  }
}

function firstEndingAfter(tensors: readonly Tensor[], position: number): number {
  let low = 0;
  let high = tensors.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { offset, length } = tensors[middle] as Tensor;
    if (offset + length > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

function fillTensor(
  out: Uint8Array,
  tensor: Tensor,
  from: number,
  blocks: (exponent: number) => Uint8Array,
): void {
  if (tensor.kind === 'zeros') return;
  if (tensor.kind === 'ones') {
    // 1 is 0x3c00 in fp16, least significant byte first.
    for (let i = 0; i < out.byteLength; i++) out[i] = (from + i) % 2 === 1 ? 0x3c : 0;
    return;
  }
  const block = blocks(tensor.exponent);
  let source = (tensor.shift * 2 + from) % block.byteLength;
  for (let done = 0; done < out.byteLength; ) {
    const count = Math.min(out.byteLength - done, block.byteLength - source);
    out.set(block.subarray(source, source + count), done);
    done += count;
    source = 0;
  }
}

/**
 * A repository in the diffusers layout with the family's true configuration and fp16 weights of true size.
 * @param seed the same seed gives the same bytes
 */
export function syntheticRepo(id: string, family: Family, seed = 1): HubRepo {
  const { configs, texts } = familyFiles(family);
  const weights = [...configs].filter(([path]) => /^(unet|vae|text_encoder(_2)?)\/config\.json$/.test(path));
  return {
    id,
    files: [
      ...[...configs].map(([path, config]) => memoryFile(path, JSON.stringify(config, null, 2))),
      ...[...texts].map(([path, text]) => memoryFile(path, text)),
      ...weights.map(([path, config], i) => {
        const folder = path.slice(0, path.indexOf('/'));
        const stem = folder.startsWith('text_encoder') ? 'model' : 'diffusion_pytorch_model';
        return syntheticFile(`${folder}/${stem}.fp16.safetensors`, componentShapes(folder, config), seed + i);
      }),
    ],
  };
}
