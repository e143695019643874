import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { namedThings, type Things, unknownWords } from './things';

const things: Things = JSON.parse(readFileSync('public/models/starter/concepts.json', 'utf8'));

it.each([
  ['a cat', ['cat']],
  ['a Kitten in the grass, golden hour', ['cat']],
  ['two mushrooms', ['mushroom']],
  ['A HOT DOG', ['hot dog']],
  ['traffic lights', ['traffic light']],
  ['foxes', ['fox']],
  ['strawberries and butterflies', ['strawberry', 'butterfly']],
  ['three mice', ['mouse']],
  ['autumn leaves', ['maple leaf']],
  ['boxes', ['box']],
  ['glasses', ['glasses']],
  ['a dress', ['dress']],
  ['T-Rex', ['dinosaur']],
  ['a car and a bicycle', ['car', 'bicycle']],
  ['cats, cats, more cats', ['cat']],
  ['a teddy bear', ['teddy bear']],
  ['cat '.repeat(500), ['cat']],
  // No part of a word counts.
  ['category beef', []],
  ['a submarine', []],
  ['', []],
])('%s', (prompt, named) => {
  expect(namedThings(prompt, things)).toEqual(named);
});

it('every thing is found by each of its names', () => {
  for (const { name, synonyms } of things)
    for (const own of [name, ...synonyms]) expect(namedThings(`a photo of a ${own}`, things)).toHaveLength(1);
});

it('what it does not know is told as it was typed', () => {
  expect(unknownWords('a photo of a Woman', things)).toEqual(['Woman']);
  expect(unknownWords('a submarine and a submarine', things)).toEqual(['submarine']);
  expect(unknownWords('category beef', things)).toEqual(['category', 'beef']);
  expect(unknownWords('un chat noir', things)).toEqual(['un', 'chat', 'noir']);
  expect(unknownWords('\u732b', things)).toEqual(['\u732b']);
  expect(unknownWords(' \u{1f431} ', things)).toEqual(['\u{1f431}']);
  expect(unknownWords('two cats', things)).toEqual([]);
  expect(unknownWords('', things)).toEqual([]);
  expect(unknownWords('a nice photo', things)).toEqual([]);
});
