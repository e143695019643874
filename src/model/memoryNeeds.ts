/**
 * How much memory a model needs and how much it may have, before any of it is fetched or loaded.
 *
 * Needs follow from configurations only: the graphs are built on placeholder tensors, and measured with the sizes of the
 * run. Browsers say little about the memory available: WebGPU limits single buffers and gives no figure of free memory,
 * `navigator.deviceMemory` is rounded and capped, and WASM ends at 4 GiB. So single buffers are compared with the adapter's
 * limits, the whole with the device's memory if that is small enough to be reported, and the rest is experience.
 */
import { TooLargeError } from '../contract/errors';
import type { Footprint } from '../graph/footprint';
import type { GraphTarget } from '../graph/onnx/types';
import type { Size } from '../image/geometry';
import type { VaeTiles } from '../pipeline/model';
import { asUnsupportedError, type Workload } from './blueprint';
import { describeModel } from './describeModel';
import type { CheckpointFiles } from './files';

export interface ModelNeeds {
  /** By network, in the order in which a run needs them. For an autoencoder with tiles, those of one tile. */
  networks: ReadonlyMap<string, Footprint>;
  tiles: VaeTiles;
  /** How much more than the footprints ONNX Runtime takes, as a factor. */
  margin: number;
}

/** What is known about a run before it begins. */
export interface RunSize extends Size {
  /** Rows of tokens that the longest prompt takes; 1 if absent. */
  chunks?: number;
}

export interface MemoryLimits {
  /** What one network may take including its activations; Infinity if unknown. */
  totalBytes: number;
  /** What half of the autoencoder may take before its images are processed in tiles. */
  wholePictureBytes: number;
  /** Limit for networks that stay loaded beside the running one. */
  residentBytes: number;
  /** Limit of one buffer; Infinity on WASM. */
  bufferBytes: number;
  /** How `totalBytes` was derived, for the user. */
  reason: string;
}

const GIB = 2 ** 30;
/** Part of wasm32's 4 GiB: ONNX Runtime itself, workspaces and gaps. */
const WASM_OVERHEAD_BYTES = 0.4 * GIB;
/** The rest of the device's memory belongs to the system, the browser and the page. */
const MACHINE_SHARE = 0.6;
/** The largest `navigator.deviceMemory` in most browsers: it then means "or more". */
const DEVICE_MEMORY_CAP_GIB = 8;
/** If nothing is known: Stable Diffusion 1 and 2 stay loaded whole; SDXL's text encoders are unloaded. */
const USUAL_RESIDENT_BYTES = 5 * GIB;

/** Limit after memory ran out once: an SDXL decoder at 512 px and in float32 takes 1.1 GB, at 1024 px 3.8. */
const FRUGAL_PICTURE_BYTES = 1.25 * GIB;
/** Sides of tiles in pixels, the best first: the fewer tiles, the less their colours can differ. */
const TILE_SIDES = [1024, 768, 512, 384, 256];

/** What earlier runs on this device showed. */
export interface MemoryExperience {
  /** Memory ran out: since then only one network is loaded at a time, and large images are encoded and decoded in tiles. */
  isFrugal: boolean;
  /** It ran out even then, at this need; kept with the time, since what else runs on a device changes. */
  refused?: { neededBytes: number; at: number };
}

/** How long such a record counts. */
const EXPERIENCE_MS = 24 * 3600 * 1000;

export function memoryLimits(machine: {
  provider: GraphTarget['provider'];
  /** `navigator.deviceMemory`, in GiB; absent if the browser does not say. */
  deviceMemory?: number | undefined;
  /** All of the device's memory, if it is known to the byte. */
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

/** The consequences of running out of memory in a run with that need. */
export function afterExhaustion(
  before: MemoryExperience | undefined,
  neededBytes: number,
  now: number,
): MemoryExperience {
  return before?.isFrugal ? { isFrugal: true, refused: { neededBytes, at: now } } : { isFrugal: true };
}

/**
 * @param limits the memory available: the autoencoder gets tiles if a whole picture would not fit
 * @param run absent: a short prompt at the size that the model was trained at
 * @returns undefined if it can't be known before the weights have arrived (ONNX exports whose files can only be read whole)
 * @throws CheckpointError if the model is of a kind that cannot run, or of networks that cannot be built
 */
export async function modelNeeds(
  files: CheckpointFiles,
  target: GraphTarget,
  limits: MemoryLimits,
  run?: RunSize,
): Promise<ModelNeeds | undefined> {
  const { facts, parts, form } = await describeModel(files);
  const margin = form.memoryMargin[target.provider];
  // A model with a fixed size always works at that size.
  const size: Workload = {
    width: facts.nativeSize,
    height: facts.nativeSize,
    chunks: 1,
    ...run,
    ...facts.fixedSize,
  };
  const networks = new Map<string, Footprint>();
  const tiles: VaeTiles = {};
  for (const part of parts) {
    const partTarget = { ...target, precision: part.weights.precision(target.precision) };
    const source = await form.placeholder(part, partTarget);
    if (source === undefined) return undefined;
    const found = await asUnsupportedError(files.name, () => {
      const graph = part.build(source, partTarget);
      const measure = (tile: Size) => form.measure(graph, part.dims({ ...size, ...tile }, source));
      const half = part.tiledHalf?.(source);
      if (half === undefined) return { need: measure(size) };
      return { half, ...inTilesWhereNeeded(size, limits, margin, measure) };
    });
    networks.set(part.name, found.need);
    if ('half' in found && found.half !== undefined) tiles[found.half] = found.tile;
  }
  return { networks, tiles, margin };
}

/** @returns what the whole picture needs, or the largest tile that fits; the smallest tile if none fits */
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

/** Memory that a network takes while it runs. */
function takenBytes({ weightBytes, activationBytes }: Footprint, margin: number): number {
  return Math.ceil((weightBytes + activationBytes) * margin);
}

/** The most memory that any one network takes while it runs. */
export function peakOf({ networks, margin }: ModelNeeds): { component: string; bytes: number } {
  let peak = { component: '', bytes: 0 };
  for (const [component, need] of networks) {
    const bytes = takenBytes(need, margin);
    if (bytes > peak.bytes) peak = { component, bytes };
  }
  return peak;
}

/** @throws TooLargeError if the model cannot run here even with one network loaded at a time */
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
        `this picture size, and the GPU allows ${inGigabytes(limits.bufferBytes)}; ${advice}`,
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
