/**
 * How much memory a model needs and how much it may have, before anything of it is fetched or loaded.
 *
 * Needs follow from the configurations alone: the graphs are built on imagined tensors, and gone through with the sizes of
 * the run. What there is, browsers hardly say: WebGPU limits single buffers and gives no figure of free memory,
 * `navigator.deviceMemory` is rounded and capped, and WASM ends at 4 GiB. So single buffers are compared with the adapter's
 * limits, the whole with the machine's memory where that is small enough to be told, and the rest is experience.
 */
import { TooLargeError } from '../contract/errors';
import { type Footprint, footprint } from '../graph/footprint';
import { buildVaeDecoder, buildVaeEncoder } from '../graph/networks/autoencoderKl';
import { buildClipText } from '../graph/networks/clipText';
import { buildUnet2d } from '../graph/networks/unet2d';
import { recordTensors } from '../graph/onnx/tensors';
import type { Graph, GraphTarget } from '../graph/onnx/types';
import { TEXT_ROWS_AT_ONCE, type VaeTiles } from '../pipeline/model';
import { parseClipTextConfig, parseUnet2dConfig, parseVaeConfig } from './config';
import { type CheckpointFiles, parseJsonFile, readRequired } from './files';
import { isExported, namingModel } from './onnxExport/files';
import { exportedNeeds } from './onnxExport/needs';

export interface ModelNeeds {
  /** By network, in the order in which a run needs them. The autoencoder's are those of one tile where it has tiles. */
  networks: ReadonlyMap<string, Footprint>;
  tiles: VaeTiles;
  /** How much more than the footprints ONNX Runtime takes, as a factor. */
  margin: number;
}

/** Of a picture, in pixels. */
interface Size {
  width: number;
  height: number;
}

/** What a run is known by before it begins. */
export interface RunSize extends Size {
  /** Rows of tokens that the longest prompt takes; 1 where absent. */
  chunks?: number;
}

export interface MemoryLimits {
  /** What one network may take with its activations; Infinity where nothing tells. */
  totalBytes: number;
  /** What half of the autoencoder may take before its pictures go through in tiles. */
  wholePictureBytes: number;
  /** What networks may take that stay loaded beside the one that runs. */
  residentBytes: number;
  /** What one buffer may have; Infinity on WASM. */
  bufferBytes: number;
  /** What `totalBytes` follows from, for people. */
  reason: string;
}

const GIB = 2 ** 30;
/** Measured: upload buffers, uniforms and buffers that it keeps on WebGPU. WASM's are in its overhead. */
const MARGIN: Record<GraphTarget['provider'], number> = { webgpu: 1.1, wasm: 1 };
/** On WASM Stable Diffusion 1.5's exported UNet took 478 MB more than its graph says, of which the overhead holds 429. */
const EXPORT_MARGIN: typeof MARGIN = { ...MARGIN, wasm: 1.02 };
/** Of wasm32's 4 GiB: ONNX Runtime itself, workspaces and gaps. */
const WASM_OVERHEAD_BYTES = 0.4 * GIB;
/** Of the machine's memory the rest is the system's, the browser's and the page's. */
const MACHINE_SHARE = 0.6;
/** `navigator.deviceMemory` says no more than this in most browsers: it then means "or more". */
const DEVICE_MEMORY_CAP_GIB = 8;
/** Where nothing tells: Stable Diffusion 1 and 2 stay loaded whole, of SDXL the text encoders leave. */
const USUAL_RESIDENT_BYTES = 5 * GIB;

/** Where memory ran out once: a decoder of SDXL at 512 px and in float32 takes 1.1 GB, at 1024 px 3.8. */
const FRUGAL_PICTURE_BYTES = 1.25 * GIB;
/** Sides of tiles in pixels, the best first: the fewer tiles, the less their colours can differ. */
const TILE_SIDES = [1024, 768, 512, 384, 256];

/** What earlier runs on this device told. */
export interface MemoryExperience {
  /** Memory ran out: since then one network is loaded at a time, and large pictures are encoded and decoded in tiles. */
  isFrugal: boolean;
  /** It ran out even so, at this need; with the time, since what else runs on a machine changes. */
  refused?: { neededBytes: number; at: number };
}

/** How long a machine is taken at its word. */
const EXPERIENCE_MS = 24 * 3600 * 1000;

export function memoryLimits(machine: {
  provider: GraphTarget['provider'];
  /** `navigator.deviceMemory`, in GiB; absent where the browser does not say. */
  deviceMemory?: number | undefined;
  /** All of the machine's memory, where that is known to the byte. */
  memoryBytes?: number | undefined;
  limits?: Pick<GPUSupportedLimits, 'maxBufferSize' | 'maxStorageBufferBindingSize'> | undefined;
  experience?: MemoryExperience | undefined;
  /** In ms. */
  now: number;
}): MemoryLimits {
  const { provider, deviceMemory, memoryBytes, limits, experience, now } = machine;
  const bounds: { bytes: number; reason: string }[] = [];
  if (provider === 'wasm')
    bounds.push({ bytes: 4 * GIB - WASM_OVERHEAD_BYTES, reason: 'WASM can use 4 GiB in all' });
  if (deviceMemory !== undefined && deviceMemory < DEVICE_MEMORY_CAP_GIB) {
    const reason = `this machine has about ${deviceMemory} GB of memory`;
    bounds.push({ bytes: deviceMemory * GIB * MACHINE_SHARE, reason });
  }
  if (memoryBytes !== undefined) {
    const reason = `this machine has ${inGigabytes(memoryBytes)} of memory`;
    bounds.push({ bytes: memoryBytes * MACHINE_SHARE, reason });
  }
  const refused = experience?.refused;
  if (refused !== undefined && now - refused.at < EXPERIENCE_MS)
    bounds.push({ bytes: refused.neededBytes - 1, reason: 'more than this ran out of memory here before' });
  const least = bounds.sort((a, b) => a.bytes - b.bytes)[0];
  const totalBytes = least?.bytes ?? Number.POSITIVE_INFINITY;
  return {
    totalBytes,
    wholePictureBytes: experience?.isFrugal ? Math.min(totalBytes, FRUGAL_PICTURE_BYTES) : totalBytes,
    residentBytes: experience?.isFrugal ? 0 : Math.min(totalBytes, USUAL_RESIDENT_BYTES),
    bufferBytes:
      limits === undefined
        ? Number.POSITIVE_INFINITY
        : Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize),
    reason: least?.reason ?? '',
  };
}

/** What follows from memory that ran out in a run of that need. */
export function afterExhaustion(
  before: MemoryExperience | undefined,
  neededBytes: number,
  now: number,
): MemoryExperience {
  return before?.isFrugal ? { isFrugal: true, refused: { neededBytes, at: now } } : { isFrugal: true };
}

/**
 * @param limits what there is: the autoencoder gets tiles where a whole picture would not fit
 * @param run absent: a short prompt at the size that the model was trained at
 * @returns undefined where nothing says it before the weights are there (ONNX exports at an address that is no hub's)
 * @throws CheckpointError where a configuration is none of Stable Diffusion, or of networks that cannot be built
 */
export function modelNeeds(
  files: CheckpointFiles,
  target: GraphTarget,
  limits: MemoryLimits,
  run?: RunSize,
): Promise<ModelNeeds | undefined> {
  return namingModel(files.name, () => needsOf(files, target, limits, run));
}

async function needsOf(
  files: CheckpointFiles,
  target: GraphTarget,
  limits: MemoryLimits,
  run: RunSize | undefined,
): Promise<ModelNeeds | undefined> {
  const json = async (path: string) => parseJsonFile(files, path, await readRequired(files, path));
  if (await isExported(files)) {
    const margin = EXPORT_MARGIN[target.provider];
    const needs = await exportedNeeds(
      files,
      target,
      (size, measure) => inTilesWhereNeeded(size, limits, margin, measure),
      run,
    );
    return needs && { ...needs, margin };
  }
  if ((await files.read('unet/config.json')) === undefined) return undefined;
  if ((await files.read('vae/config.json')) === undefined) return undefined;
  const unet = parseUnet2dConfig(await json('unet/config.json'));
  const vae = parseVaeConfig(await json('vae/config.json'));
  const second = await files.read('text_encoder_2/config.json');
  const folders = second === undefined ? ['text_encoder'] : ['text_encoder', 'text_encoder_2'];
  const downscale = 2 ** (vae.blockOutChannels.length - 1);
  const width = run?.width ?? unet.sampleSize * downscale;
  const height = run?.height ?? unet.sampleSize * downscale;
  const latents = { width: width / downscale, height: height / downscale };
  const margin = MARGIN[target.provider];
  const networks = new Map<string, Footprint>();

  // Both rows of guidance. Chunks of a prompt are encoded as rows, and read by the UNet one after another.
  const rows = 2;
  const chunks = run?.chunks ?? 1;
  let tokens = 0;
  for (const folder of folders) {
    const config = parseClipTextConfig(await json(`${folder}/config.json`), folder);
    const pooled = folder !== 'text_encoder';
    const outputs = { hiddenState: second === undefined ? 'last' : 'penultimate', pooled } as const;
    tokens = config.length * chunks;
    const graph = imagined(target, (tensors) => buildClipText(config, tensors, target, outputs, folder));
    networks.set(folder, footprint(graph, { batch: Math.min(rows * chunks, TEXT_ROWS_AT_ONCE) }));
  }
  const vaeTarget: GraphTarget =
    second !== undefined && vae.forceUpcast ? { ...target, precision: 'fp32' } : target;
  const encoderGraph = imagined(vaeTarget, (tensors) => buildVaeEncoder(vae, tensors, vaeTarget));
  const encoder = inTilesWhereNeeded({ width, height }, limits, margin, (tile) =>
    footprint(encoderGraph, { batch: 1, ...tile }),
  );
  networks.set('vae encoder', encoder.need);
  const unetGraph = imagined(target, (tensors) => buildUnet2d(unet, tensors, target));
  networks.set(
    'unet',
    footprint(unetGraph, {
      ...latents,
      batch: rows,
      sample_batch: 1,
      mask_batch: 1,
      tokens,
    }),
  );
  const decoderGraph = imagined(vaeTarget, (tensors) => buildVaeDecoder(vae, tensors, vaeTarget));
  const decoder = inTilesWhereNeeded({ width, height }, limits, margin, (tile) =>
    footprint(decoderGraph, {
      batch: 1,
      latent_width: tile.width / downscale,
      latent_height: tile.height / downscale,
    }),
  );
  networks.set('vae decoder', decoder.need);
  return { networks, tiles: { encoder: encoder.tile, decoder: decoder.tile }, margin };
}

/** @returns what the whole picture needs, or the largest tile that fits; the smallest where none does */
function inTilesWhereNeeded(
  size: Size,
  limits: MemoryLimits,
  margin: number,
  measure: (size: Size) => Footprint,
): { need: Footprint; tile?: number } {
  const fits = (need: Footprint) =>
    takenBytes(need, margin) <= limits.wholePictureBytes && need.largest.bytes <= limits.bufferBytes;
  let best: { need: Footprint; tile?: number } = { need: measure(size) };
  const sides = TILE_SIDES.filter((side) => side < Math.max(size.width, size.height));
  for (const tile of sides) {
    if (fits(best.need)) break;
    const part = { width: Math.min(size.width, tile), height: Math.min(size.height, tile) };
    best = { need: measure(part), tile };
  }
  return best;
}

/** Names of tensors that only old files have; the imagined one is new. */
const OLD_NAMES = /\.(query|key|value|proj_attn)\./;

function imagined(
  { precision }: GraphTarget,
  build: (tensors: ReturnType<typeof recordTensors>) => Graph,
): Graph {
  return build(recordTensors(precision, OLD_NAMES));
}

/** What a network takes while it runs. */
function takenBytes({ weightBytes, activationBytes }: Footprint, margin: number): number {
  return Math.ceil((weightBytes + activationBytes) * margin);
}

/** The most that any one network takes while it runs. */
export function peakOf({ networks, margin }: ModelNeeds): { component: string; bytes: number } {
  let peak = { component: '', bytes: 0 };
  for (const [component, need] of networks) {
    const bytes = takenBytes(need, margin);
    if (bytes > peak.bytes) peak = { component, bytes };
  }
  return peak;
}

/** @throws TooLargeError where the model cannot run here even with one network loaded at a time */
export function refuseTooLarge(name: string, needs: ModelNeeds, limits: MemoryLimits): void {
  const advice = 'choose a smaller model or picture, or use the hosted API';
  const { component, bytes } = peakOf(needs);
  if (bytes > limits.totalBytes) {
    throw new TooLargeError(
      `model "${name}" is too large for this device: its ${component} needs ${inGigabytes(bytes)} of memory at this ` +
        `picture size, and ${inGigabytes(limits.totalBytes)} can be had (${limits.reason}); ${advice}`,
      { component, neededBytes: bytes, availableBytes: limits.totalBytes, limit: 'memory' },
    );
  }
  for (const [network, { largest }] of needs.networks) {
    if (largest.bytes <= limits.bufferBytes) continue;
    throw new TooLargeError(
      `model "${name}" is too large for this device: its ${network} needs a buffer of ${inGigabytes(largest.bytes)} at ` +
        `this picture size, and the graphics device allows ${inGigabytes(limits.bufferBytes)}; ${advice}`,
      {
        component: network,
        neededBytes: largest.bytes,
        availableBytes: limits.bufferBytes,
        limit: 'buffer',
      },
    );
  }
}

function inGigabytes(bytes: number): string {
  return bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
