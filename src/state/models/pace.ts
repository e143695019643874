/**
 * How fast this device was: downloads in bytes a second, pictures in seconds a step. Remembered from one visit to the next,
 * so that a model's time can be told before anything is fetched; where nothing was measured, no time is told.
 */
import { z } from 'zod';
import { type FamilyId, families } from '../../contract/families';

export interface Pace {
  /** @returns null where no download was measured */
  downloadSeconds(bytes: number): number | null;
  downloaded(bytesPerSecond: number): void;
  /** @returns null where no run was measured */
  pictureSeconds(work: Work): number | null;
  painted(work: Work, seconds: number): void;
}

/** What one picture costs. */
export interface Work {
  family: FamilyId;
  steps: number;
  /** With guidance above 1 both rows run. */
  guidance: number;
  /** Pixels of the model's picture. */
  pixels: number;
}

const NATIVE_PIXELS = 512 * 512;
/** Encoding the prompt and both halves of the autoencoder, in steps. */
const BESIDE_STEPS = 2;

const KEY = 'inlay.pace';
const positive = z.number().positive();
const keptSchema = z.object({
  bytesPerSecond: positive.optional(),
  /** For one evaluation of Stable Diffusion 1's UNet at 512 × 512. */
  secondsPerUnit: positive.optional(),
});

/** @param storage absent where the browser forbids it: then the pace lasts until the page is left */
export function createPace(storage: Pick<Storage, 'getItem' | 'setItem'> | undefined): Pace {
  let kept = read(storage);
  const write = (changed: typeof kept) => {
    kept = { ...kept, ...changed };
    try {
      storage?.setItem(KEY, JSON.stringify(kept));
    } catch {
      // Full or forbidden: it is measured again at the next visit.
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

/** In the browser's storage. */
export function browserPace(): Pace {
  try {
    return createPace(window.localStorage);
  } catch {
    return createPace(undefined);
  }
}

/** `about 40 s`, `about 3 minutes`, `about 2 hours`: no more exact than it is known. */
export function about(seconds: number): string {
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds / 5)) * 5} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `about ${Math.round(minutes)} minutes`;
  return `about ${Math.round(minutes / 60)} hours`;
}
