/**
 * Prompts from text to embeddings against `encode_prompt` of diffusers 0.36 (`python tools/goldens/prompts.py`), in
 * float32 on WASM, to 1e-4; and what has no counterpart there: chunks.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenValues, maxError } from '../../test/support/goldenGraph';
import { loadDiffusion } from '../../test/support/loadDiffusion';
import { MAX_PROMPT_CHARACTERS } from '../contract/limits';
import { folderFiles } from '../node/folder';
import { createNodeRuntime } from '../node/ort';
import { InpaintCache } from './cache';
import type { PromptEmbeddings } from './conditioning/promptEmbeddings';
import type { StableDiffusion } from './conditioning/stableDiffusion';

const TOLERANCE = 1e-4;
const ROW = 77;

const golden = JSON.parse(readFileSync('goldens/values/prompts.json', 'utf8')) as {
  /** Tokens of a row whose embeddings were kept. */
  kept: number[];
  pairs: [prompt: string, negative: string][];
};

describe.each(['sd15-inpaint', 'sd2-inpaint', 'sdxl-inpaint'])('%s', (name) => {
  let model: StableDiffusion;
  const isXl = name.startsWith('sdxl');
  beforeAll(async () => {
    const call = { signal: new AbortController().signal, onProgress: () => {} };
    const files = folderFiles(`goldens/models/${name}`);
    model = (await loadDiffusion(files, await createNodeRuntime(1), call)) as StableDiffusion;
  });
  afterAll(() => model.dispose());

  const encode = (prompt: string, negativePrompt = '', isGuided = true) => {
    const prompts = { prompt, negativePrompt, guidanceScale: isGuided ? 7.5 : 1 };
    return model.prompts.encode(prompts, new InpaintCache(), (_, work) => work());
  };

  /** The embeddings of some tokens of one row, as [tokens, width]. */
  function tokensOf({ states, tokens, width }: PromptEmbeddings, row: number, which: readonly number[]) {
    const values = which.flatMap((token) => {
      const start = (row * tokens + token) * width;
      return [...states.subarray(start, start + width)];
    });
    return { dims: [which.length, width], values: Float32Array.from(values) };
  }
  const chunk = (number: number) => Array.from({ length: ROW }, (_, i) => number * ROW + i);
  function pooledOf({ pooled = new Float32Array(), rows }: PromptEmbeddings, row: number) {
    const length = pooled.length / rows;
    return { dims: [length], values: pooled.slice(row * length, (row + 1) * length) };
  }

  it.each(golden.pairs.map((pair, index) => [index, ...pair] as const))(
    'pair %i: %j against %j',
    async (index, prompt, negative) => {
      const value = goldenValues(`prompts-${name}`);
      const found = await encode(prompt, negative);
      expect([found.rows, found.tokens]).toEqual([2, ROW]);
      const expected = { positive: 1, negative: 0 } as const;
      for (const [part, row] of Object.entries(expected)) {
        // Here an empty negative prompt means none, for which diffusers gives zeros.
        if (part === 'negative' && isXl && negative.trim() === '') {
          expect(tokensOf(found, row, golden.kept).values.every((each) => each === 0)).toBe(true);
          continue;
        }
        const at = `${index}.${part}`;
        expect(maxError(tokensOf(found, row, golden.kept), value(at)), at).toBeLessThan(TOLERANCE);
        if (!isXl) continue;
        const pooled = part === 'positive' ? `${index}.pooled` : `${index}.negative_pooled`;
        expect(maxError(pooledOf(found, row), value(pooled)), pooled).toBeLessThan(TOLERANCE);
      }
    },
  );

  it('begins a new chunk with the 76th token, and fills the shorter prompt up with empty ones', async () => {
    const words = (count: number) => Array<string>(count).fill('a').join(' ');
    const [full, empty, two, one] = [
      await encode(words(75), '', false),
      await encode('', '', false),
      await encode(words(2), '', false),
      await encode(words(1), '', false),
    ];
    for (const [count, rest] of [
      [76, one],
      [77, two],
    ] as const) {
      // The negative prompt is the longer one, then the positive.
      for (const [prompt, negative, long] of [
        ['b', words(count), 0],
        [words(count), 'b', 1],
      ] as const) {
        const found = await encode(prompt, negative);
        expect([found.rows, found.tokens]).toEqual([2, 2 * ROW]);
        const short = await encode('b', '', false);
        const same = (row: number, number: number, other: PromptEmbeddings) =>
          maxError(tokensOf(found, row, chunk(number)), tokensOf(other, 0, chunk(0)));
        expect(same(long, 0, full)).toBeLessThan(TOLERANCE);
        expect(same(long, 1, rest)).toBeLessThan(TOLERANCE);
        expect(same(1 - long, 0, short)).toBeLessThan(TOLERANCE);
        expect(same(1 - long, 1, empty)).toBeLessThan(TOLERANCE);
        if (isXl) expect(maxError(pooledOf(found, long), pooledOf(full, 0))).toBeLessThan(TOLERANCE);
      }
    }
  });

  it('gives prompts whose weights are all 1 the embeddings of the bare text, whatever it is', async () => {
    const letters = ['a', 'é', '猫', '😀', ' ', ', ', '!', '9', '\u0301', '\u200b', '\n'];
    let state = 5;
    for (let sample = 0; sample < 6; sample++) {
      let text = '';
      for (let length = 1 + 7 * sample; length > 0; length--) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        text += letters[Math.floor((state / 2 ** 32) * letters.length)] ?? '';
      }
      const [bare, weighed] = [await encode(text), await encode(`(${text}:1)`)];
      expect(weighed.states, JSON.stringify(text)).toEqual(bare.states);
    }
  });
});

describe('prompts as long as the contract allows', () => {
  it.each(['a ', 'a', '(a:1.1)b', '!', '猫', '😀'])('are counted in no time, of %j', async (piece) => {
    const call = { signal: new AbortController().signal, onProgress: () => {} };
    const model = await loadDiffusion(
      folderFiles('goldens/models/sd15-inpaint'),
      await createNodeRuntime(1),
      call,
    );
    const prompt = piece.repeat(Math.floor(MAX_PROMPT_CHARACTERS / piece.length));
    const start = performance.now();
    // Too many tokens: counted, and then refused.
    expect(() => model.prompts.chunks({ prompt, negativePrompt: '' })).toThrow(/^prompt: has [\d,]+ tokens/);
    // A tenth of a second to half a one; were it quadratic, minutes.
    expect(performance.now() - start).toBeLessThan(5000);
    await model.dispose();
  });
});
