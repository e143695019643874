import { expect, it } from 'vitest';
import { leftInWords, sortGiven } from './droppedFiles';

const sorted = (names: readonly string[], openName: string | null = null) => {
  const files = names.map((name) => ({ name, type: /\.(png|jpg)$/.test(name) ? 'image/png' : 'text/plain' }));
  const { picture, mask, left } = sortGiven(files, openName);
  return { picture: picture?.name ?? null, mask: mask?.name ?? null, left: left.map(({ name }) => name) };
};

it.each([
  { names: ['a.png'], picture: 'a.png', mask: null, left: [] },
  { names: ['a.png', 'b.png', 'c.png'], picture: 'a.png', mask: null, left: ['b.png', 'c.png'] },
  // In any order.
  { names: ['harbour-mask.png', 'harbour.jpg'], picture: 'harbour.jpg', mask: 'harbour-mask.png', left: [] },
  { names: ['image.png', 'Mask2.png'], picture: 'image.png', mask: 'Mask2.png', left: [] },
  { names: ['a.png', 'b.png', 'b_mask (1).png'], picture: 'b.png', mask: 'b_mask (1).png', left: ['a.png'] },
  { names: ['a.png', 'b.png', 'mask.png'], picture: 'a.png', mask: null, left: ['b.png', 'mask.png'] },
  { names: ['a.png', 'masked.png'], picture: 'a.png', mask: null, left: ['masked.png'] },
  { names: ['notes.txt', 'a.png'], picture: 'a.png', mask: null, left: ['notes.txt'] },
  { names: ['notes.txt', 'more.txt'], picture: 'notes.txt', mask: null, left: ['more.txt'] },
  { names: ['mask.png'], picture: 'mask.png', mask: null, left: [] },
])('$names: $picture with $mask', ({ names, ...expected }) => {
  expect(sorted(names)).toEqual(expected);
});

it('a saved mask on its own is the open picture’s, and no other picture’s', () => {
  const alone = { picture: null, mask: 'harbour-mask (2).png', left: [] };
  expect(sorted(['harbour-mask (2).png'], 'harbour.jpg')).toEqual(alone);
  expect(sorted(['harbour-mask.png'], 'beach.jpg')).toMatchObject({
    picture: 'harbour-mask.png',
    mask: null,
  });
});

it('names those that were not opened', () => {
  const words = (...names: string[]) => leftInWords(names.map((name) => ({ name }))).split(':')[0];
  expect(words('a')).toBe('“a” was not opened');
  expect(words('a', 'b')).toBe('“a” and “b” were not opened');
  expect(words('a', 'b', 'c')).toBe('“a”, “b” and “c” were not opened');
  expect(words('a', 'b', 'c', 'd', 'e')).toBe('“a”, “b”, “c” and 2 more were not opened');
});
