import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Things, unknownWords, withArticle } from './things';

const things: Things = JSON.parse(readFileSync('public/models/starter/concepts.json', 'utf8'));

it('a prompt that names a thing is understood, whatever else it says', () => {
  for (const prompt of [
    'a cat',
    'a Kitten in the grass, golden hour',
    'two mushrooms',
    'A HOT DOG',
    'traffic lights',
  ]) {
    expect(unknownWords(prompt, things)).toEqual([]);
  }
});

it('what it does not know is told as it was typed', () => {
  expect(unknownWords('a photo of a Woman', things)).toEqual(['Woman']);
  expect(unknownWords('a submarine and a submarine', things)).toEqual(['submarine']);
  // No part of a word counts: this is neither a cat nor a bee.
  expect(unknownWords('category beef', things)).toEqual(['category', 'beef']);
  expect(unknownWords('', things)).toEqual([]);
  expect(unknownWords('a nice photo', things)).toEqual([]);
});

it('a name gets its article', () => {
  expect(['cat', 'umbrella', 'unicorn'].map(withArticle)).toEqual(['a cat', 'an umbrella', 'a unicorn']);
});
