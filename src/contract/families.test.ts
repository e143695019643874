import { expect, it } from 'vitest';
import { families, familiesInWords, familyIds, familyTitle, nativeSizeByName } from './families';

it('every family has a title of its own', () => {
  expect(Object.keys(families)).toEqual([...familyIds]);
  expect(new Set(familyIds.map(familyTitle)).size).toBe(familyIds.length);
  expect(familyTitle('sdxl')).toBe('Stable Diffusion XL');
});

it('lists them as people say it', () => {
  expect(familiesInWords('or')).toBe('Stable Diffusion 1, 2 or XL');
  expect(familiesInWords('and')).toBe('Stable Diffusion 1, 2 and XL');
});

it.each([
  ['stabilityai/stable-diffusion-2-1', 768],
  ['stabilityai/stable-diffusion-2', 768],
  ['stabilityai/stable-diffusion-2-1-base', 512],
  ['stabilityai/sdxl-turbo', 512],
  ['owner/someXL_v2', 1024],
  ['owner/anything', 512],
])('%s was probably trained at %i pixels', (name, side) => {
  expect(nativeSizeByName(name)).toBe(side);
});
