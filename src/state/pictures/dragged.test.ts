import { expect, it } from 'vitest';
import { draggedInWords } from './dragged';

const files = (...types: string[]) => types.map((type) => ({ kind: 'file', type }));

it.each([
  [files('image/png'), /^Drop the picture to open it/],
  [files('image/png', 'image/jpeg'), /its mask/],
  [files(''), /picture, its mask or a model/],
  [files('application/octet-stream'), /model/],
  [files('image/png', ''), /picture and the model/],
  [files('application/pdf'), /^Only pictures and models/],
  [[], /picture, its mask or a model/],
])('%j', (items, words) => {
  expect(draggedInWords(items)).toMatch(words);
});
