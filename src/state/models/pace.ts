/**
 * How fast this device was: downloads in bytes per second, images in seconds per step. Remembered between visits, so that
 * a model's time can be estimated before it is downloaded; without a measurement there is no estimate.
 */
import { z } from 'zod';
import { type FamilyId, families } from '../../contract/families';

export interface Pace {
  /** @returns null if no download was measured */
  downloadSeconds(bytes: number): number | null;
  downloaded(bytesPerSecond: number): void;
  /** @returns null if no run was measured */
  pictureSeconds(work: Work): number | null;
  painted(work: Work, seconds: number): void;
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

const KEY = 'inlay.pace';
const positive = z.number().positive();
const keptSchema = z.object({
  bytesPerSecond: positive.optional(),
  /** For one evaluation of Stable Diffusion 1's UNet at 512 × 512. */
  secondsPerUnit: positive.optional(),
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
    pictureSeconds: (work) =>
      kept.secondsPerUnit === undefined ? null : kept.secondsPerUnit * unitsOf(work),
    painted(work, seconds) {
      if (seconds > 0 && unitsOf(work) > 0) write({ secondsPerUnit: seconds / unitsOf(work) });
    },
  };
}

function unitsOf({ family, steps, guidance, pixels }: Work): number {
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
  if (minutes < 90) return `about ${Math.round(minutes)} minutes`;
  return `about ${Math.round(minutes / 60)} hours`;
}
