import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from './tokenizer';

// Made by `python tools/goldens/tokens.py` (transformers 4.57.6, CLIPTokenizer, no ftfy). Exact.
interface TokensGolden {
  cases: { text: string; pad: string; count: number; ids: number[] }[];
}
const golden = JSON.parse(readFileSync('goldens/values/tokens.json', 'utf8')) as TokensGolden;

/** CLIP's rule: 256 byte symbols, the same with `</w>`, the merges, the two specials. */
function clipVocabulary(merges: string): string {
  const kept = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const symbols = bytes.filter(kept).map((byte) => String.fromCharCode(byte));
  bytes
    .filter((byte) => !kept(byte))
    .forEach((_, index) => {
      symbols.push(String.fromCharCode(256 + index));
    });
  const merged = merges
    .split('\n')
    .slice(1, -1)
    .map((line) => line.replace(' ', ''));
  const tokens = [...symbols, ...symbols.map((symbol) => `${symbol}</w>`), ...merged];
  tokens.push('<|startoftext|>', '<|endoftext|>');
  return JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id])));
}

const merges = gunzipSync(readFileSync('goldens/values/clip-merges.txt.gz')).toString('utf8');
const vocab = clipVocabulary(merges);
const tokenizers = new Map(
  ['<|endoftext|>', '!'].map((pad) => [
    pad,
    createTokenizer({ vocab, merges, config: JSON.stringify({ pad_token: pad, model_max_length: 77 }) }),
  ]),
);

describe('tokenizer', () => {
  for (const { text, pad, count, ids } of golden.cases) {
    it(`gives CLIPTokenizer's ids of ${JSON.stringify(text.slice(0, 60))}, padded with ${pad}`, () => {
      const tokenizer = tokenizers.get(pad);
      const padId = pad === '!' ? 0 : 49407;
      const expected = [...ids, ...Array<number>(77 - ids.length).fill(padId)];
      expect([...(tokenizer?.encode(text) ?? [])]).toEqual(expected);
      expect(tokenizer?.count(text)).toBe(count);
    });
  }

  it('takes the pad token of special_tokens_map.json, in either form', () => {
    const specialTokens = JSON.stringify({ pad_token: { content: '!', lstrip: false } });
    expect(createTokenizer({ vocab, merges, specialTokens }).encode('')[76]).toBe(0);
    expect(createTokenizer({ vocab, merges }).encode('')[76]).toBe(49407);
  });

  it('names a damaged file', () => {
    expect(() => createTokenizer({ vocab: '{"a": ', merges })).toThrow(/vocab\.json is damaged/);
    expect(() => createTokenizer({ vocab: '{"a": 1}', merges })).toThrow(
      /lacks the token "<\|startoftext\|>"/,
    );
  });
});
