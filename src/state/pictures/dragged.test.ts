import { expect, it } from 'vitest';
import { draggedInWords } from './dragged';

const files = (...types: string[]) => types.map((type) => ({ kind: 'file', type }));

it.each([
  [files('image/png'), /^Drop the image to open it/],
  [files('image/png', 'image/jpeg'), /its mask/],
  [files(''), /image, its mask or a model/],
  [files('application/octet-stream'), /model/],
  [files('image/png', ''), /image and the model/],
  [files('application/pdf'), /^Only images and models/],
  [[], /image, its mask or a model/],
])('%j', (items, words) => {
  expect(draggedInWords(items)).toMatch(words);
});
