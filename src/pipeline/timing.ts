/** Times a run's stages, and stops between them if the run was cancelled. */

/** Runs one stage and adds its time to the timings. @throws AbortError before and after it, once cancelled */
export type Timed = <Result>(stage: string, work: () => Promise<Result>) => Promise<Result>;

/** @returns `timings` in milliseconds by stage, filled in as stages run */
export function stageTimer(signal: AbortSignal): { timed: Timed; timings: Record<string, number> } {
  const timings: Record<string, number> = {};
  return {
    timings,
    async timed(stage, work) {
      signal.throwIfAborted();
      const start = performance.now();
      const result = await work();
      timings[stage] = (timings[stage] ?? 0) + performance.now() - start;
      signal.throwIfAborted();
      return result;
    },
  };
}
