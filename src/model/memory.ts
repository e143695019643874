/**
 * How much memory a model needs and how much it may have, before anything of it is fetched or loaded.
 *
 * Needs follow from the configurations alone: the graphs are built on imagined tensors, and gone through with the sizes of
 * the run. What there is, browsers hardly say: WebGPU limits single buffers and gives no figure of free memory,
 * `navigator.deviceMemory` is rounded and capped, and WASM ends at 4 GiB. So single buffers are compared with the adapter's
 * limits, the whole with the machine's memory where that is small enough to be told, and the rest is experience.
 */
import { TooLargeError } from '../engine/errors';
import { buildVaeDecoder, buildVaeEncoder } from '../graph/autoencoderKl';
import { buildClipText } from '../graph/clipText';
import { type Footprint, footprint } from '../graph/footprint';
import { recordTensors } from '../graph/tensors';
import type { Graph, GraphTarget } from '../graph/types';
import { buildUnet2d } from '../graph/unet2d';
import { parseClipTextConfig, parseUnet2dConfig, parseVaeConfig } from './config';
import { type CheckpointFiles, parseJsonFile, readRequired } from './files';

/** By network, in the order in which a run needs them. */
export type ModelNeeds = ReadonlyMap<string, Footprint>;

export interface MemoryLimits {
  /** What one network may take with its activations; Infinity where nothing tells. */
  totalBytes: number;
  /** What networks may take that stay loaded beside the one that runs. */
  residentBytes: number;
  /** What one buffer may have; Infinity on WASM. */
  bufferBytes: number;
  /** What `totalBytes` follows from, for people. */
  reason: string;
}

const GIB = 2 ** 30;
/** Of wasm32's 4 GiB: ONNX Runtime itself, its packed copies of weights in the making, and gaps. */
const WASM_OVERHEAD_BYTES = 0.4 * GIB;
/** Of the machine's memory the rest is the system's, the browser's and the page's. */
const MACHINE_SHARE = 0.6;
/** `navigator.deviceMemory` says no more than this in most browsers: it then means "or more". */
const DEVICE_MEMORY_CAP_GIB = 8;
/** Where nothing tells: Stable Diffusion 1 and 2 stay loaded whole, of SDXL the text encoders leave. */
const USUAL_RESIDENT_BYTES = 5 * GIB;

/** What earlier runs on this device told. */
export interface MemoryExperience {
  /** Memory ran out: since then one network is loaded at a time. */
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
  limits?: Pick<GPUSupportedLimits, 'maxBufferSize' | 'maxStorageBufferBindingSize'> | undefined;
  experience?: MemoryExperience | undefined;
  /** In ms. */
  now: number;
}): MemoryLimits {
  const { provider, deviceMemory, limits, experience, now } = machine;
  const bounds: { bytes: number; reason: string }[] = [];
  if (provider === 'wasm')
    bounds.push({ bytes: 4 * GIB - WASM_OVERHEAD_BYTES, reason: 'WASM can use 4 GiB in all' });
  if (deviceMemory !== undefined && deviceMemory < DEVICE_MEMORY_CAP_GIB) {
    const reason = `this machine has about ${deviceMemory} GB of memory`;
    bounds.push({ bytes: deviceMemory * GIB * MACHINE_SHARE, reason });
  }
  const refused = experience?.refused;
  if (refused !== undefined && now - refused.at < EXPERIENCE_MS)
    bounds.push({ bytes: refused.neededBytes - 1, reason: 'more than this ran out of memory here before' });
  const least = bounds.sort((a, b) => a.bytes - b.bytes)[0];
  const totalBytes = least?.bytes ?? Number.POSITIVE_INFINITY;
  return {
    totalBytes,
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
 * @param size of the picture, in pixels; absent: the one that the model was trained at
 * @returns undefined where the model's configurations do not say (ONNX exports)
 * @throws CheckpointError where a configuration is none of Stable Diffusion
 */
export async function modelNeeds(
  files: CheckpointFiles,
  target: GraphTarget,
  size?: { width: number; height: number },
): Promise<ModelNeeds | undefined> {
  const json = async (path: string) => parseJsonFile(files, path, await readRequired(files, path));
  if ((await files.read('unet/config.json')) === undefined) return undefined;
  if ((await files.read('vae/config.json')) === undefined) return undefined;
  const unet = parseUnet2dConfig(await json('unet/config.json'));
  const vae = parseVaeConfig(await json('vae/config.json'));
  const second = await files.read('text_encoder_2/config.json');
  const folders = second === undefined ? ['text_encoder'] : ['text_encoder', 'text_encoder_2'];
  const downscale = 2 ** (vae.blockOutChannels.length - 1);
  const width = size?.width ?? unet.sampleSize * downscale;
  const height = size?.height ?? unet.sampleSize * downscale;
  const latents = { width: width / downscale, height: height / downscale };
  const needs = new Map<string, Footprint>();

  // Both rows of guidance, and a prompt without chunks.
  const rows = 2;
  let tokens = 0;
  for (const folder of folders) {
    const config = parseClipTextConfig(await json(`${folder}/config.json`), folder);
    const pooled = folder !== 'text_encoder';
    const outputs = { hiddenState: second === undefined ? 'last' : 'penultimate', pooled } as const;
    tokens = config.length;
    needs.set(
      folder,
      measured(target, (tensors) => buildClipText(config, tensors, target, outputs, folder), { batch: rows }),
    );
  }
  const vaeTarget: GraphTarget =
    second !== undefined && vae.forceUpcast ? { ...target, precision: 'fp32' } : target;
  needs.set(
    'vae encoder',
    measured(vaeTarget, (tensors) => buildVaeEncoder(vae, tensors, vaeTarget), { batch: 1, width, height }),
  );
  needs.set(
    'unet',
    measured(target, (tensors) => buildUnet2d(unet, tensors, target), {
      ...latents,
      batch: rows,
      sample_batch: 1,
      mask_batch: 1,
      tokens,
    }),
  );
  needs.set(
    'vae decoder',
    measured(vaeTarget, (tensors) => buildVaeDecoder(vae, tensors, vaeTarget), {
      batch: 1,
      latent_width: latents.width,
      latent_height: latents.height,
    }),
  );
  return needs;
}

/** Names of tensors that only old files have; the imagined one is new. */
const OLD_NAMES = /\.(query|key|value|proj_attn)\./;

function measured(
  { precision }: GraphTarget,
  build: (tensors: ReturnType<typeof recordTensors>) => Graph,
  dims: Readonly<Record<string, number>>,
): Footprint {
  return footprint(build(recordTensors(precision, OLD_NAMES)), dims);
}

/** The most that any one network takes while it runs. */
export function peakOf(needs: ModelNeeds): { component: string; bytes: number } {
  let peak = { component: '', bytes: 0 };
  for (const [component, { weightBytes, activationBytes }] of needs) {
    const bytes = weightBytes + activationBytes;
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
  for (const [network, { largest }] of needs) {
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
