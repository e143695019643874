import { describe, expect, it, type Mock, vi } from 'vitest';
import { InputError } from '../../contract/errors';
import { InpaintCache } from '../cache';
import type { Prompts, TextBranch, TextCache, TextEncoder } from '../model';
import type { Timed } from '../timing';
import { applyWeights, clipPrompts } from './promptEmbeddings';

const timed: Timed = (_, work) => work();

describe('applyWeights', () => {
  it('weighs tokens and restores the mean of the row', () => {
    // Four tokens of two values, of which the first is the begin token. Mean 2; weighted 1 1, 6 6, 2 2, 1 1: 2.5.
    const states = Float32Array.of(1, 1, 3, 3, 2, 2, 2, 2);
    applyWeights(states, [2, 1, 0.5], 2);
    expect([...states]).toEqual([1, 1, 6, 6, 2, 2, 1, 1].map((value) => Math.fround(value / 1.25)));
  });

  it('leaves a row without weights alone, bit by bit', () => {
    const states = Float32Array.of(0.1, 0.2, 0.3);
    applyWeights(states, [1, 1], 1);
    expect(states).toEqual(Float32Array.of(0.1, 0.2, 0.3));
  });

  it.each([
    ['turns its sign: 0.5 to −0.25', [1, 1, -1.5], 1.5],
    ['shrinks though all weights are above 1: 1 to 0.5', [2, 1, -2], 1.25],
    ['grows more than any weight: 1 to 3', [-1, 0, 2], 2],
    ['was nothing: 0 to −1', [1, 1, -2], 1.5],
  ])(
    'does not restore a sum that is no measure of size: it %s',
    (_, [begin = 0, one = 0, two = 0], weight) => {
      const states = Float32Array.of(begin, one, two);
      applyWeights(states, [1, weight], 1);
      expect([...states]).toEqual([begin, one, two * weight]);
    },
  );
});

describe('clipPrompts', () => {
  /** Tokens are characters, rows hold three; an encoder's state is the id times its factor. */
  function branch(
    factor: number,
    width: number,
    doubled = '',
  ): TextBranch & { encode: Mock<TextEncoder['encode']> } {
    const encode = vi.fn<TextEncoder['encode']>((ids) =>
      Promise.resolve({
        states: new Float32Array(ids.length * width).map(
          (_, i) => factor * (ids[Math.floor(i / width)] ?? 0),
        ),
      }),
    );
    return {
      encode,
      tokenizer: {
        length: 5,
        tokens: (text) =>
          Array.from(text).flatMap((letter) =>
            Array<number>(letter === doubled ? 2 : 1).fill(letter.charCodeAt(0)),
          ),
        row: (ids) => Int32Array.from({ length: 5 }, (_, i) => (i === 0 ? 1 : (ids[i - 1] ?? 2))),
        encode: () => Int32Array.of(),
        has: () => false,
        withTokens() {
          throw new Error('no tokens are added here');
        },
        count: () => 0,
      },
      encoder: () => Promise.resolve({ width, encode, dispose: () => Promise.resolve() }),
    };
  }
  const promptsOf = (...text: TextBranch[]) =>
    clipPrompts(text, { readsGuidance: false, zerosForEmptyPrompt: false, isCoarse: false });
  const encode = (text: readonly TextBranch[], prompts: Prompts, cache: TextCache = new InpaintCache()) =>
    promptsOf(...text).encode(prompts, cache, timed);

  it('gives all prompts and both encoders as many chunks as the longest needs', async () => {
    // "abc" fills one chunk; the second tokenizer needs two tokens for "c", hence two chunks.
    const [first, second] = [branch(1, 1), branch(-1, 2, 'c')];
    const prompts = { prompt: 'abc', negativePrompt: 'd', guidanceScale: 7.5 };
    const embeddings = await encode([first, second], prompts);
    const { rows, tokens, width, states } = embeddings;
    expect({ rows, tokens, width }).toEqual({ rows: 2, tokens: 10, width: 3 });
    const firstIds = [1, 100, 2, 2, 2, 1, 2, 2, 2, 2, 1, 97, 98, 99, 2, 1, 2, 2, 2, 2];
    const secondIds = [1, 100, 2, 2, 2, 1, 2, 2, 2, 2, 1, 97, 98, 99, 2, 1, 99, 2, 2, 2];
    expect([...states]).toEqual(
      firstIds.flatMap((id, i) => [id, -(secondIds[i] ?? 0), -(secondIds[i] ?? 0)]),
    );
    expect(embeddings).not.toHaveProperty('pooled');
  });

  it('weighs each chunk by itself', async () => {
    const only = branch(1, 1);
    const prompts = { prompt: 'aaa(b:2)', negativePrompt: '', guidanceScale: 1 };
    const { states } = await encode([only], prompts);
    // The second chunk 1 98 2 2 2 sums to 105, weighted to 203.
    const weighted = [1, 196, 2, 2, 2].map((value) => Math.fround(value / (203 / 105)));
    expect([...states]).toEqual([1, 97, 97, 97, 2, ...weighted]);
  });

  it('gives the encoder a few rows at a time', async () => {
    const only = branch(1, 2);
    const long = `${'abc'.repeat(20)}d`;
    const prompts = { prompt: long, negativePrompt: '', guidanceScale: 7.5 };
    const { states } = await encode([only], prompts);
    // 21 chunks of two prompts.
    expect(only.encode.mock.calls.map(([ids, rows]) => [ids.length, rows])).toEqual([[80, 16], [80, 16], [50, 10]]); // biome-ignore format: one line
    const full = [1, 97, 98, 99, 2];
    const rows = [
      ...Array<number[]>(21).fill([1, 2, 2, 2, 2]),
      ...Array<number[]>(20).fill(full),
      [1, 100, 2, 2, 2],
    ];
    expect([...states]).toEqual(rows.flat().flatMap((id) => [id, id]));
  });

  it('refuses what no encoder should be asked for, and says which prompt it is', async () => {
    const only = branch(1, 1);
    const ask = (prompt: string, negativePrompt = '') =>
      encode([only], { prompt, negativePrompt, guidanceScale: 7.5 });
    // 128 chunks of three tokens.
    await expect(ask('a'.repeat(384))).resolves.toBeDefined();
    await expect(ask('a'.repeat(385))).rejects.toThrow(
      'prompt: has 385 tokens; at most 384 are read, so shorten it',
    );
    await expect(ask('a', 'b'.repeat(385))).rejects.toThrow(/^negative_prompt: has 385 tokens/);
    const deep = (n: number) => `a ${'('.repeat(n)}cat${')'.repeat(n)}`;
    await expect(ask(deep(70))).resolves.toBeDefined(); // 1.1^70 = 790
    await expect(ask(deep(80))).rejects.toThrow(
      'prompt: "cat" weighs 2048; at most 1000 makes sense: take away',
    );
    await expect(ask('a', deep(20_000))).rejects.toThrow(/^negative_prompt: "cat" weighs infinitely much/);
    await expect(ask('(a:-1001)')).rejects.toThrow(/weighs -1001/);
    expect(() => promptsOf(only).chunks({ prompt: deep(80), negativePrompt: '' })).toThrow(InputError);
  });

  it('keeps what it computed, and tells guidance and prompts apart', async () => {
    const only = branch(1, 1);
    const cache = new InpaintCache();
    const prompts = { prompt: 'a', negativePrompt: 'b', guidanceScale: 7.5 };
    const one = await encode([only], prompts, cache);
    expect(await encode([only], { ...prompts }, cache)).toBe(one);
    expect(only.encode).toHaveBeenCalledTimes(1);
    await encode([only], { ...prompts, guidanceScale: 1 }, cache);
    await encode([only], { ...prompts, negativePrompt: '' }, cache);
    expect(only.encode).toHaveBeenCalledTimes(3);
  });
});
