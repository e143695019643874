/** Keeps a run within the machine's memory: refuses what cannot fit, and remembers where memory ran out. */
import type { VerdictStore } from '../model/canary';
import type { CheckpointFiles } from '../model/files';
import {
  afterExhaustion,
  type MemoryExperience,
  type ModelNeeds,
  memoryLimits,
  modelNeeds,
  peakOf,
  refuseTooLarge,
} from '../model/memory';
import type { Runtime } from '../model/session';

export interface PictureSize {
  width: number;
  height: number;
}

export interface MemoryGuard {
  /**
   * Call before a model's weights are fetched, and before each run.
   * @throws TooLargeError with figures where it cannot run here
   */
  admit(files: CheckpointFiles, size: PictureSize): Promise<void>;
  /** As {@link admit}, at the model's own size and without consequences for the run at hand. */
  judge(files: CheckpointFiles): Promise<void>;
  /** Call after a run that failed: a later one, in another worker, is more careful. */
  learn(): Promise<void>;
}

/** @param kept where experience is kept between visits */
export function createMemoryGuard(
  runtime: Runtime,
  kept: VerdictStore,
  now: () => number = Date.now,
): MemoryGuard {
  const { provider } = runtime.target;
  const key = `memory ${provider}`;
  let known: { key: string; needs: ModelNeeds | undefined } | undefined;
  let neededBytes = 0;

  const experience = async (): Promise<MemoryExperience | undefined> => {
    const text = await kept.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as MemoryExperience);
  };

  const limitsNow = async () =>
    memoryLimits({
      provider,
      deviceMemory: (navigator as { deviceMemory?: number }).deviceMemory,
      limits: runtime.device?.limits,
      experience: await experience(),
      now: now(),
    });

  return {
    async judge(files) {
      const needs = await modelNeeds(files, runtime.target);
      if (needs !== undefined) refuseTooLarge(files.name, needs, await limitsNow());
    },
    async admit(files, size) {
      const of = `${files.name} ${size.width} × ${size.height}`;
      if (known?.key !== of) known = { key: of, needs: await modelNeeds(files, runtime.target, size) };
      const { needs } = known;
      // An export's graphs are its own: what they need is seen when they run.
      if (needs === undefined) return;
      const limits = await limitsNow();
      refuseTooLarge(files.name, needs, limits);
      neededBytes = peakOf(needs).bytes;
      const activations = Math.max(...[...needs.values()].map(({ activationBytes }) => activationBytes));
      runtime.residentBytes = Math.max(0, limits.residentBytes - activations);
    },
    async learn() {
      if (!runtime.isExhausted || neededBytes === 0) return;
      await kept.set(key, JSON.stringify(afterExhaustion(await experience(), neededBytes, now())));
    },
  };
}
