/** Keeps a run within the device's memory: refuses what cannot fit, and remembers where memory ran out. */
import type { CheckpointFiles } from './files';
import {
  afterExhaustion,
  type MemoryExperience,
  type MemoryLimits,
  type ModelNeeds,
  memoryLimits,
  modelNeeds,
  peakOf,
  type RunSize,
  refuseTooLarge,
} from './memoryNeeds';
import type { VerdictStore } from './runtime/canary';
import type { Runtime } from './runtime/session';

export interface MemoryGuard {
  /**
   * Call before a model's weights are fetched, and before each run: it decides about sessions and tiles.
   * @param run absent: at the model's own size
   * @throws TooLargeError with figures if it cannot run here
   */
  checkRunFits(files: CheckpointFiles, run?: RunSize): Promise<void>;
  /** As {@link checkRunFits}, at the model's own size and without consequences for the current run. */
  checkFits(files: CheckpointFiles): Promise<void>;
  /** Call after a failed run: later ones, in another worker, are more careful. */
  recordOutOfMemory(): Promise<void>;
}

export interface MemoryGuardOptions {
  /** Where past failures are remembered between visits. */
  kept: VerdictStore;
  /** What the platform knows about the device: see {@link memoryLimits}. */
  machine: { deviceMemory?: number | undefined; memoryBytes?: number | undefined };
  /** In ms; tests pass another. */
  now?: () => number;
}

/** @param runtime whose device, target and sessions it watches over: admitting a run sets its tiles and resident bytes */
export function createMemoryGuard(
  runtime: Runtime,
  { kept, machine, now = Date.now }: MemoryGuardOptions,
): MemoryGuard {
  const { provider } = runtime.target;
  const key = `memory ${provider}`;
  let known: { key: string; needs: ModelNeeds | undefined } | undefined;
  let neededBytes = 0;

  const experience = async (): Promise<MemoryExperience | undefined> => {
    const text = await kept.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as MemoryExperience);
  };

  const limitsNow = async (): Promise<MemoryLimits> =>
    memoryLimits({
      provider,
      ...machine,
      limits: runtime.device?.limits,
      experience: await experience(),
      now: now(),
    });

  return {
    async checkFits(files) {
      const limits = await limitsNow();
      const needs = await modelNeeds(files, runtime.target, limits);
      if (needs !== undefined) refuseTooLarge(files.name, needs, limits);
    },
    async checkRunFits(files, run) {
      const limits = await limitsNow();
      const of = JSON.stringify([files.name, run, limits]);
      if (known?.key !== of) known = { key: of, needs: await modelNeeds(files, runtime.target, limits, run) };
      const { needs } = known;
      runtime.vaeTiles = needs?.tiles ?? {};
      // An export at a URL outside the Hub: what its graphs need is only known when they run.
      if (needs === undefined) return;
      refuseTooLarge(files.name, needs, limits);
      neededBytes = peakOf(needs).bytes;
      const activations = Math.max(
        ...[...needs.networks.values()].map(({ activationBytes }) => activationBytes),
      );
      runtime.residentBytes = Math.max(0, limits.residentBytes - activations);
    },
    async recordOutOfMemory() {
      if (!runtime.isExhausted || neededBytes === 0) return;
      // The next run gets a fresh worker: if that fails, the need itself is too large.
      if (runtime.hasGaps) return;
      await kept.set(key, JSON.stringify(afterExhaustion(await experience(), neededBytes, now())));
    },
  };
}
