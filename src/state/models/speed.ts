/** Speeds of things that are counted over time: bytes of a download, steps of a run. */

/** Counts over time, oldest first. */
export type Samples = readonly { ms: number; count: number }[];

/** @returns counts per second between the first sample and the last; null if that can't be said yet */
export function averageSpeed(samples: Samples): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.ms <= first.ms) return null;
  return ((last.count - first.count) / (last.ms - first.ms)) * 1000;
}
