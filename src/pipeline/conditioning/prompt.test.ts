import { describe, expect, it } from 'vitest';
import { growth, MOST_GROWTH } from '../../../test/support/growth';
import { parsePrompt } from './prompt';

/** [text, weight] pairs, weights to six digits. */
const parts = (prompt: string) =>
  parsePrompt(prompt).map(({ text, weight }) => [text, Math.round(weight * 1e6) / 1e6]);

describe('parsePrompt', () => {
  it.each([
    ['normal text', [['normal text', 1]]],
    ['', []],
    ['an (important) word', [['an ', 1], ['important', 1.1], [' word', 1]]], // biome-ignore format: one line a case
    ['(text:1.3)', [['text', 1.3]]],
    ['(a, b: .5 ), c', [['a, b', 0.5], [', c', 1]]], // biome-ignore format: one line a case
    ['(away:-1)', [['away', -1]]],
    ['[less]', [['less', 0.909091]]],
    ['((more))', [['more', 1.21]]],
    ['[[least]]', [['least', 0.826446]]],
    // 1.1 around 1.3; the comma inside keeps the outer weight
    ['((house:1.3), a (hill:0.5))', [['house', 1.43], [', a ', 1.1], ['hill', 0.55]]], // biome-ignore format: one line a case
    ['((a):1.5)', [['a', 1.65]]],
    // Two numbers: only the one before the bracket counts.
    ['(a:2 b:3)', [['a:2 b', 3]]],
    ['(ratio 16:9 frame)', [['ratio 16:9 frame', 1.1]]],
    // A number belongs to round brackets only.
    ['[cat:1.3]', [['cat:1.3', 0.909091]]],
    ['(unnecessary)(parens)', [['unnecessaryparens', 1.1]]],
    ['()', []],
  ])('reads weights: %s', (prompt, expected) => {
    expect(parts(prompt)).toEqual(expected);
  });

  it('reads the API’s own example', () => {
    const example = 'cartoon, painting, illustration, (worst quality, low quality, normal quality:2)';
    expect(parts(example)).toEqual([
      ['cartoon, painting, illustration, ', 1],
      ['worst quality, low quality, normal quality', 2],
    ]);
  });

  it.each([
    ['\\(literal\\]', '(literal]'],
    ['a \\(b:1.3\\) c', 'a (b:1.3) c'],
    ['a \\\\ b (', 'a \\ b ('],
    // Without brackets there are no weights: the text is diffusers' own.
    ['C:\\\\path \\d', 'C:\\\\path \\d'],
  ])('takes escaped brackets as text: %s', (prompt, text) => {
    expect(parts(prompt)).toEqual([[text, 1]]);
  });

  it.each([['(open'], ['close)'], ['a smile :) and a frown :('], [')('], ['[half'], ['(a]']])(
    'takes brackets without a partner as text: %s',
    (prompt) => {
      expect(parts(prompt)).toEqual([[prompt, 1]]);
    },
  );

  it('pairs brackets around one that has no partner', () => {
    expect(parts('(a [b)')).toEqual([['a [b', 1.1]]);
    expect(parts('((a)')).toEqual([['(', 1], ['a', 1.1]]); // biome-ignore format: short
    expect(parts('(\\(:1.5)')).toEqual([['(', 1.5]]);
    expect(parts('(a\\:1.5)')).toEqual([['a\\', 1.5]]);
  });

  it('survives ten thousand brackets', () => {
    const depth = 10_000;
    expect(parsePrompt(`${'('.repeat(depth)}x`)).toEqual([{ text: `${'('.repeat(depth)}x`, weight: 1 }]);
    expect(parsePrompt(`${'['.repeat(depth)}x${']'.repeat(depth)}`)[0]?.text).toBe('x');
  });

  it.each<[string, (n: number) => string]>([
    ['brackets of two kinds', (n) => '('.repeat(n) + ']'.repeat(n)],
    ['digits that are no weight', (n) => `(a:${'1'.repeat(n)}x)`],
    ['digits that are one', (n) => `(a:${'1'.repeat(n)})`],
    ['blanks after a colon', (n) => `(:${' '.repeat(n)}1${' '.repeat(n)}x)`],
    ['colons', (n) => `(${':1 '.repeat(n)})`],
    ['nested pairs', (n) => '('.repeat(n) + ')'.repeat(n)],
    ['nested pairs of both kinds, crossed', (n) => '[('.repeat(n) + '])'.repeat(n)],
    ['backslashes', (n) => `${'\\'.repeat(n)}(`],
    ['escaped brackets', (n) => '\\('.repeat(n)],
    ['weighted letters', (n) => '(a:1.2)'.repeat(n)],
  ])('takes time in proportion to its length: %s', (_, text) => {
    expect(growth(text, parsePrompt, 2500)).toBeLessThan(MOST_GROWTH);
  });
});
