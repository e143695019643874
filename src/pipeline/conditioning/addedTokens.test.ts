import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AddedTokens } from './addedTokens';
import { createTokenizer } from './tokenizer';
import type { TokenizerFiles } from './tokenizerFiles';

// Made by `python tools/goldens/added_tokens.py` (transformers 4.57.6, diffusers 0.36.0). Exact.
interface AddedGolden {
  forms: {
    form: string;
    /** Id of the padding, of which the cases keep one at most. */
    pad: number;
    files: Record<string, string>;
    cases: { text: string; ids: number[] }[];
  }[];
}
const { forms } = JSON.parse(readFileSync('goldens/values/added-tokens.json', 'utf8')) as AddedGolden;
const folder = 'goldens/models/sd15-inpaint/tokenizer';
const vocab = readFileSync(`${folder}/vocab.json`, 'utf8');
const merges = readFileSync(`${folder}/merges.txt`, 'utf8');

/** @param pairs whether a tokenizer.json keeps its merges as arrays, as the `tokenizers` crate does since 0.20 */
function wholeOf(added: unknown, pairs: boolean): string {
  const lines = merges.trim().split('\n').slice(1);
  const model = {
    type: 'BPE',
    vocab: JSON.parse(vocab) as unknown,
    merges: pairs ? lines.map((l) => l.split(' ')) : lines,
  };
  return JSON.stringify({ version: '1.0', added_tokens: added, model });
}

function filesOf(found: Record<string, string>): TokenizerFiles {
  const whole = found['tokenizer.json'];
  return {
    vocab,
    merges,
    config: found['tokenizer_config.json'],
    specialTokens: found['special_tokens_map.json'],
    addedTokens: found['added_tokens.json'],
    ...(whole !== undefined && {
      whole: wholeOf((JSON.parse(whole) as { added_tokens: unknown }).added_tokens, true),
    }),
  };
}

function expectIds(files: TokenizerFiles, { pad, cases }: AddedGolden['forms'][number]): void {
  const tokenizer = createTokenizer(files);
  for (const { text, ids } of cases) {
    const expected = [...ids, ...Array<number>(77 - ids.length).fill(pad)];
    expect([...tokenizer.encode(text)], text).toEqual(expected);
  }
}

describe('added tokens', () => {
  it.each(forms)('are found as CLIPTokenizer finds them: $form', (golden) => {
    expectIds(filesOf(golden.files), golden);
  });

  const listed = forms.find(({ form }) => form === 'tokenizer.json');
  it.each([true, false])('of a tokenizer.json alone, its merges as pairs: %s', (pairs) => {
    if (listed === undefined) throw new Error('the goldens lack this form');
    const added = (JSON.parse(listed.files['tokenizer.json'] ?? '') as { added_tokens: unknown })
      .added_tokens;
    const { 'tokenizer_config.json': config } = listed.files;
    expectIds({ config, whole: wholeOf(added, pairs) }, listed);
  });

  it('are matched in time that grows with the text, whatever their number', () => {
    const many = new AddedTokens(
      Array.from({ length: 10_000 }, (_, i) => ({
        content: `${'a'.repeat(200)}${i}`,
        id: i,
        lstrip: false,
        rstrip: false,
        singleWord: false,
      })),
    );
    const began = performance.now();
    expect(many.split('a'.repeat(65_536))).toHaveLength(1);
    // 13 million steps of the trie; a loop over the tokens would take 650 million comparisons and more.
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('line ends of merges.txt', () => {
  const golden = [...createTokenizer({ vocab, merges }).encode('a photo of a cat')];
  it.each(['\r\n', '\r'])('%j', (end) => {
    const tokenizer = createTokenizer({ vocab, merges: merges.replaceAll('\n', end) });
    expect([...tokenizer.encode('a photo of a cat')]).toEqual(golden);
    expect(golden.slice(0, 9)).toEqual([998, 320, 816, 531, 539, 320, 66, 536, 999]);
  });
});

describe('what no tokenizer of CLIP is', () => {
  it.each<[string, TokenizerFiles, RegExp]>([
    ['nothing', {}, /neither vocab\.json with merges\.txt nor tokenizer\.json/],
    ['half of the pair', { vocab }, /neither vocab\.json with merges\.txt/],
    [
      'another model',
      { whole: '{"model": {"type": "Unigram", "vocab": {}, "merges": []}}' },
      /of the kind "Unigram"/,
    ],
    [
      'a vocabulary of lists',
      { whole: '{"model": {"vocab": [["a", 1]], "merges": []}}' },
      /tokenizer\.json is damaged.*vocab/,
    ],
    [
      'an endless token',
      { vocab, merges, addedTokens: JSON.stringify({ ['x'.repeat(300)]: 1000 }) },
      /256 characters/,
    ],
    [
      'a book of tokens',
      {
        vocab,
        merges,
        addedTokens: JSON.stringify(
          Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`${i}`.padEnd(250, 'x'), 1000 + i])),
        ),
      },
      /have 5\d{5} characters in all/,
    ],
    [
      'an id that is none',
      { vocab, merges, config: '{"added_tokens_decoder": {"x": {"content": "y"}}}' },
      /under "x"/,
    ],
    ['rows of two', { vocab, merges, config: '{"model_max_length": 2}' }, /model_max_length/],
    [
      'names of a plain object',
      { vocab: '{"a": 0}', merges: '', config: '{"pad_token": "constructor"}' },
      /lacks the token/,
    ],
  ])('%s is refused by name', (_, files, message) => {
    expect(() => createTokenizer(files)).toThrow(message);
  });
});
