/**
 * How fast this device is: downloads in bytes per second; images in seconds per step, from the last run or, before there was
 * one, from a short measurement of the device. Remembered between visits, so that a model's time can be estimated before it
 * is downloaded; without either there is no estimate.
 */
import { z } from 'zod';
import { type FamilyId, families } from '../../contract/families';

export interface Pace {
  /** @returns null if no download was measured */
  downloadSeconds(bytes: number): number | null;
  downloaded(bytesPerSecond: number): void;
  /** @returns null if neither a run nor the device was measured */
  pictureSeconds(work: Work): number | null;
  painted(work: Work, seconds: number): void;
  /** @param speed floating point operations per second */
  measured(speed: number): void;
  /** What {@link pictureSeconds} is derived from. */
  basis(): 'run' | 'measurement' | null;
  /** Runs happen there from now on: times of another device are forgotten. @param device e.g. `webgpu fp16` */
  runsOn(device: string): void;
}

/** What one image costs. */
export interface Work {
  family: FamilyId;
  steps: number;
  /** With guidance above 1 both rows run. */
  guidance: number;
  /** Pixels of the image that the model generates. */
  pixels: number;
}

const NATIVE_PIXELS = 512 * 512;
/** Text encoder, VAE encoder and VAE decoder, in steps. */
const BESIDE_STEPS = 2;
/**
 * Floating point operations of one evaluation of Stable Diffusion 1's UNet at 512 × 512, counted in its graph: 419 for
 * convolutions, 259 for linear layers and 126 for attention, in 10⁹.
 */
const UNIT_OPERATIONS = 0.804e12;

const KEY = 'inlay.pace';
const positive = z.number().positive();
const keptSchema = z.object({
  bytesPerSecond: positive.optional(),
  /** For one evaluation of Stable Diffusion 1's UNet at 512 × 512. */
  secondsPerUnit: positive.optional(),
  /** Floating point operations per second. */
  speed: positive.optional(),
  /** The device that both are of; absent if an earlier version of the page measured. */
  device: z.string().optional(),
});

/** @param storage undefined if the browser forbids it: the pace then lasts until the page is left */
export function createPace(storage: Pick<Storage, 'getItem' | 'setItem'> | undefined): Pace {
  let kept = read(storage);
  const write = (changed: typeof kept) => {
    kept = { ...kept, ...changed };
    try {
      storage?.setItem(KEY, JSON.stringify(kept));
    } catch {
      // Full or forbidden: it is measured again on the next visit.
    }
  };
  return {
    downloadSeconds: (bytes) => (kept.bytesPerSecond === undefined ? null : bytes / kept.bytesPerSecond),
    downloaded(bytesPerSecond) {
      if (bytesPerSecond > 0) write({ bytesPerSecond });
    },
    pictureSeconds(work) {
      const perUnit = kept.secondsPerUnit ?? (kept.speed && UNIT_OPERATIONS / kept.speed);
      return perUnit === undefined ? null : perUnit * unitsOf(work);
    },
    painted(work, seconds) {
      if (seconds > 0 && unitsOf(work) > 0) write({ secondsPerUnit: seconds / unitsOf(work) });
    },
    measured(speed) {
      if (speed > 0 && Number.isFinite(speed)) write({ speed });
    },
    basis: () => (kept.secondsPerUnit ? 'run' : kept.speed ? 'measurement' : null),
    runsOn(device) {
      if (kept.device === device) return;
      const isOther = kept.device !== undefined;
      write({ device, ...(isOther && { secondsPerUnit: undefined, speed: undefined }) });
    },
  };
}

/** What an image costs, in evaluations of Stable Diffusion 1's UNet at 512 × 512: on any device the same. */
export function unitsOf({ family, steps, guidance, pixels }: Work): number {
  return (
    (steps + BESIDE_STEPS) * (guidance > 1 ? 2 : 1) * families[family].relativeCost * (pixels / NATIVE_PIXELS)
  );
}

function read(storage: Pick<Storage, 'getItem'> | undefined): z.infer<typeof keptSchema> {
  try {
    return keptSchema.parse(JSON.parse(storage?.getItem(KEY) ?? '{}'));
  } catch {
    return {};
  }
}

/** Remembered in the browser's storage. */
export function browserPace(): Pace {
  try {
    return createPace(window.localStorage);
  } catch {
    return createPace(undefined);
  }
}

/** `about 40 s`, `about 3 minutes`, `about 2 hours`: no more precise than the estimate is. */
export function about(seconds: number): string {
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds / 5)) * 5} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `about ${coarse(minutes)} minutes`;
  return `about ${coarse(minutes / 60)} hours`;
}

/** To the next 5 from 10 on: `about 23 minutes` would be more precise than anybody knows. */
function coarse(value: number): number {
  return value < 10 ? Math.round(value) : Math.round(value / 5) * 5;
}
