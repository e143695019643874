/**
 * From prompts to what the UNet reads, as `encode_prompt` of diffusers' StableDiffusionInpaintPipeline and
 * StableDiffusionXLInpaintPipeline (0.36), with two additions that change nothing for a prompt that needs neither: chunks,
 * for prompts longer than a row of tokens, and weights (prompt.ts).
 *
 * Both follow AUTOMATIC1111's web UI, which made them popular. Chunks: rows of 75 tokens between begin and end, each encoded
 * separately, their hidden states one after another; every prompt of a run gets the same number; the pooled output is the
 * first one's. Weights: hidden states of a token are multiplied by its weight, then the row is scaled so that its mean is
 * what it was, for each encoder by itself.
 *
 * Rows are put together here and not on the device: it is about a megabyte per prompt, and the same code serves one encoder
 * or two, with or without weights.
 */
import { InputError } from '../../contract/errors';
import { assertFinite } from '../latents/latents';
import {
  type PromptEncoder,
  TEXT_ROWS_AT_ONCE,
  type TextBranch,
  type TextEncoding,
  type Tokenizer,
} from '../model';
import type { Timed } from '../timing';
import { parsePrompt } from './prompt';

/**
 * Chunks of a prompt: 9,600 tokens, some 7,000 words. The longest prompts that are shared have a few hundred. Each
 * chunk is another pass of the text encoder, and each step's attention reads all of them.
 */
const MAX_CHUNKS = 128;
/** The largest weight, up or down. Hidden states reach about 30: with more they overflow in 16 bits. */
const MAX_WEIGHT = 1000;

/** Rows: negative first, then positive; only the positive one without guidance. */
export interface PromptEmbeddings {
  rows: 1 | 2;
  /** Of a row: a multiple of the tokenizer's length. */
  tokens: number;
  /** Of all encoders together. */
  width: number;
  /** [rows, tokens, width] */
  states: Float32Array;
  /** SDXL: [rows, P] */
  pooled?: Float32Array;
}

/** The pieces of one prompt, for one encoder. */
interface Chunk {
  ids: number[];
  /** One an id. */
  weights: number[];
}

/** How a family reads its prompts. */
export interface ClipReading {
  /** Whether the denoiser takes the guidance scale as an input, and so never needs a negative row. */
  readsGuidance: boolean;
  /** SDXL's `force_zeros_for_empty_prompt`: an empty negative prompt has embeddings of zero, not those of an empty text. */
  zerosForEmptyPrompt: boolean;
  /** Whether it computes in 16 bits on a GPU: decides what an error names as the cause. */
  isCoarse: boolean;
}

/** The prompt encoder of models that read CLIP's hidden states, and perhaps its pooled output. */
export function clipPrompts(
  branches: readonly TextBranch[],
  reading: ClipReading,
  words?: string,
): PromptEncoder<PromptEmbeddings> {
  return {
    branches,
    ...(words !== undefined && { words }),
    chunks({ prompt, negativePrompt }) {
      const counts = branches.flatMap(({ tokenizer }) => [
        chunksOf({ field: 'prompt', text: prompt }, tokenizer).length,
        chunksOf({ field: 'negative_prompt', text: negativePrompt }, tokenizer).length,
      ]);
      return Math.max(...counts);
    },
    encode({ prompt, negativePrompt, guidanceScale }, cache, timed) {
      const isGuided = guidanceScale > 1 && !reading.readsGuidance;
      // In the API an empty text is the only way to say "none"; diffusers tells the two apart.
      const isZeroed = isGuided && reading.zerosForEmptyPrompt && negativePrompt.trim() === '';
      const positive = { field: 'prompt', text: prompt } as const;
      const negative = { field: 'negative_prompt', text: negativePrompt } as const;
      const texts: FieldText[] = isGuided && !isZeroed ? [negative, positive] : [positive];
      const key = JSON.stringify({ isZeroed, words, texts: texts.map(({ text }) => text) });
      return cache.text(key, async () => {
        const joined = await encodeTexts(branches, texts, timed);
        assertFinite(joined.states, 'text encoder', reading);
        return isZeroed ? withZeroRow(joined) : joined;
      });
    },
    withBranches: (others, added) => clipPrompts(others, reading, added),
  };
}

async function encodeTexts(
  branches: readonly TextBranch[],
  texts: readonly FieldText[],
  timed: Timed,
): Promise<PromptEmbeddings> {
  const chunked = branches.map(({ tokenizer }) => texts.map((text) => chunksOf(text, tokenizer)));
  const chunks = Math.max(...chunked.flat().map(({ length }) => length));
  const encoded: Encoded[] = [];
  for (const [i, branch] of branches.entries()) {
    encoded.push(await encodeRows(branch, chunked[i] ?? [], chunks, timed));
  }
  return join(encoded, texts.length === 2 ? 2 : 1, chunks);
}

/** A prompt, and its name in the request. */
interface FieldText {
  field: 'prompt' | 'negative_prompt';
  text: string;
}

/** At least one, which may be empty. */
function chunksOf({ field, text }: FieldText, tokenizer: Tokenizer): Chunk[] {
  const room = tokenizer.length - 2; // beside begin and end
  const parts = parsePrompt(text).map(({ text, weight }) => {
    if (!(Math.abs(weight) <= MAX_WEIGHT)) throw tooHeavy(field, text, weight);
    return { ids: tokenizer.tokens(text), weight };
  });
  // A single letter may be a word with 75 vectors: count before spreading them out.
  const count = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  if (count > MAX_CHUNKS * room) {
    throw new InputError(
      field,
      `${field}: has ${count.toLocaleString('en')} tokens; at most ` +
        `${(MAX_CHUNKS * room).toLocaleString('en')} are read, so shorten it`,
    );
  }
  const tokens = parts.flatMap(({ ids, weight }) => ids.map((id) => ({ id, weight })));
  return Array.from({ length: Math.max(1, Math.ceil(tokens.length / room)) }, (_, chunk) => {
    const part = tokens.slice(chunk * room, (chunk + 1) * room);
    return { ids: part.map(({ id }) => id), weights: part.map(({ weight }) => weight) };
  });
}

function tooHeavy(field: string, text: string, weight: number): InputError {
  const start = text.trim().slice(0, 30);
  const times = Number.isFinite(weight) ? String(Number(weight.toPrecision(4))) : 'infinitely much';
  return new InputError(
    field,
    `${field}: "${start}${text.trim().length > 30 ? '…' : ''}" weighs ${times}; at most ${MAX_WEIGHT} makes sense: ` +
      'take away brackets, or lower the number after the colon',
  );
}

interface Encoded extends TextEncoding {
  width: number;
  pooledWidth: number | undefined;
  /** Tokens in a chunk. */
  length: number;
}

/** All chunks of all prompts; states [texts · chunks, length, width]. */
async function encodeRows(
  { tokenizer, encoder }: TextBranch,
  prompts: readonly Chunk[][],
  chunks: number,
  timed: Timed,
): Promise<Encoded> {
  const { length } = tokenizer;
  const rows = prompts.flatMap((own) =>
    Array.from({ length: chunks }, (_, i): Chunk => own[i] ?? { ids: [], weights: [] }),
  );
  const inputIds = new Int32Array(rows.length * length);
  rows.forEach(({ ids }, row) => {
    inputIds.set(tokenizer.row(ids), row * length);
  });
  const textEncoder = await timed('load', encoder);
  const { width, pooledWidth } = textEncoder;
  const states = new Float32Array(rows.length * length * width);
  const pooled = pooledWidth === undefined ? undefined : new Float32Array(rows.length * pooledWidth);
  for (let first = 0; first < rows.length; first += TEXT_ROWS_AT_ONCE) {
    const count = Math.min(TEXT_ROWS_AT_ONCE, rows.length - first);
    const ids = inputIds.subarray(first * length, (first + count) * length);
    const encoding = await timed('text', () => textEncoder.encode(ids, count));
    states.set(encoding.states, first * length * width);
    if (encoding.pooled) pooled?.set(encoding.pooled, first * (pooledWidth ?? 0));
  }
  rows.forEach(({ weights }, row) => {
    applyWeights(states.subarray(row * length * width, (row + 1) * length * width), weights, width);
  });
  return { states, ...(pooled && { pooled }), width, pooledWidth, length };
}

/**
 * Weighs the tokens of one row, in place.
 *
 * If tokens agree in sign, the mean changes by a factor between the least and the greatest weight, and dividing by it keeps
 * the row's size. If they cancel (an encoder whose final norm has hardly any bias; parts of SDXL's), the mean does not
 * measure size: dividing by its change would blow the row up or flip its sign, so it is left as it is.
 * @param states [length, width]
 * @param weights of the tokens after the first
 */
export function applyWeights(states: Float32Array, weights: readonly number[], width: number): void {
  if (weights.every((weight) => weight === 1)) return;
  const before = mean(states);
  weights.forEach((weight, i) => {
    for (let at = (i + 1) * width; at < (i + 2) * width; at++) states[at] = (states[at] ?? 0) * weight;
  });
  const change = mean(states) / before;
  // Begin, end and padding weigh 1.
  const isMeasure = change > 0 && change >= Math.min(1, ...weights) && change <= Math.max(1, ...weights);
  if (!isMeasure) return;
  for (let i = 0; i < states.length; i++) states[i] = (states[i] ?? 0) / change;
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Hidden states of all encoders side by side; the pooled output of each prompt's first chunk. */
function join(encoded: readonly Encoded[], texts: 1 | 2, chunks: number): PromptEmbeddings {
  const tokens = chunks * (encoded[0]?.length ?? 0);
  const width = encoded.reduce((sum, { width }) => sum + width, 0);
  const states = new Float32Array(texts * tokens * width);
  let offset = 0;
  for (const { states: own, width: ownWidth } of encoded) {
    for (let token = 0; token < texts * tokens; token++) {
      states.set(own.subarray(token * ownWidth, (token + 1) * ownWidth), token * width + offset);
    }
    offset += ownWidth;
  }
  const embeddings = { rows: texts, tokens, width, states };
  const pooling = encoded.find(({ pooled }) => pooled !== undefined);
  if (pooling?.pooled === undefined) return embeddings;
  const { pooled: own, pooledWidth = 0 } = pooling;
  const pooled = new Float32Array(texts * pooledWidth);
  for (let text = 0; text < texts; text++) {
    const start = text * chunks * pooledWidth;
    pooled.set(own.subarray(start, start + pooledWidth), text * pooledWidth);
  }
  return { ...embeddings, pooled };
}

/** Puts a negative row of zeros before the positive. */
function withZeroRow({ states, pooled, ...sizes }: PromptEmbeddings): PromptEmbeddings {
  const behindZeros = (values: Float32Array) => {
    const longer = new Float32Array(2 * values.length);
    longer.set(values, values.length);
    return longer;
  };
  return {
    ...sizes,
    rows: 2,
    states: behindZeros(states),
    ...(pooled && { pooled: behindZeros(pooled) }),
  };
}
