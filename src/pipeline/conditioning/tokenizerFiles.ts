/**
 * Reads the files of a `tokenizer/` folder in either form: vocab.json and merges.txt as transformers 4 saves them, or only
 * tokenizer.json, as transformers 5 does. Which file decides about added and special tokens follows `_from_pretrained` of
 * transformers 4 (tokenization_utils_base.py).
 */
import { z } from 'zod';
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import { MAX_TOKEN_CHARACTERS } from '../../contract/limits';
import { type AddedToken, MAX_ADDED_CHARACTERS, MAX_ADDED_TOKENS } from './addedTokens';

/** The texts of the files of a repository's `tokenizer/` folder: the first two, or the third. */
export interface TokenizerFiles {
  /** vocab.json */
  vocab?: string | undefined;
  /** merges.txt */
  merges?: string | undefined;
  /** tokenizer.json; its vocabulary counts unless the first two are both there */
  whole?: string | undefined;
  /** tokenizer_config.json */
  config?: string | undefined;
  /** special_tokens_map.json; counts before the configuration unless that lists the added tokens */
  specialTokens?: string | undefined;
  /** added_tokens.json; counts unless the configuration lists the added tokens */
  addedTokens?: string | undefined;
}

export interface Vocabulary {
  ids: Readonly<Record<string, number>>;
  /** Most frequent first. */
  merges: readonly (readonly [string, string])[];
  /** Including the specials, begin and end among them. */
  added: readonly AddedToken[];
  pad: string;
  /** Length of a row: what the configuration says, or 77. */
  length: number;
}

export const BEGIN = '<|startoftext|>';
export const END = '<|endoftext|>';
/** Positions that CLIP's text models have. */
const CLIP_LENGTH = 77;
/** transformers writes more than this if no length is known. No text model of these families has 1,000 positions. */
const LONGEST = 1_000;

const idSchema = z.number().int().nonnegative();
const vocabSchema = z.record(z.string(), idSchema);
const contentSchema = z
  .string()
  .max(MAX_TOKEN_CHARACTERS, `a token has more than ${MAX_TOKEN_CHARACTERS} characters`);
const flagsSchema = z.object({
  content: contentSchema,
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false),
});
type TokenFlags = z.infer<typeof flagsSchema>;
const tokenSchema = z.union([
  contentSchema.transform(
    (content): TokenFlags => ({
      content,
      lstrip: false,
      rstrip: false,
      single_word: false,
    }),
  ),
  flagsSchema,
]);
const specialNames = ['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const;
const specialTokensSchema = z.object({
  bos_token: tokenSchema.nullish(),
  eos_token: tokenSchema.nullish(),
  unk_token: tokenSchema.nullish(),
  pad_token: tokenSchema.nullish(),
  additional_special_tokens: z.array(tokenSchema).max(MAX_ADDED_TOKENS).nullish(),
  /** transformers 5's name for them. */
  extra_special_tokens: z.array(tokenSchema).max(MAX_ADDED_TOKENS).nullish().catch(undefined),
});
const fewSchema = <Value extends z.ZodType>(value: Value) =>
  z
    .record(z.string(), value)
    .refine(
      (tokens) => Object.keys(tokens).length <= MAX_ADDED_TOKENS,
      `more than ${MAX_ADDED_TOKENS} added tokens`,
    );
const configSchema = specialTokensSchema.extend({
  model_max_length: z.number().min(3).refine(Number.isInteger, 'is not a whole number').nullish(),
  added_tokens_decoder: fewSchema(flagsSchema).optional(),
});
const addedTokensSchema = fewSchema(idSchema).refine(
  (tokens) => Object.keys(tokens).every((content) => content.length <= MAX_TOKEN_CHARACTERS),
  `a token has more than ${MAX_TOKEN_CHARACTERS} characters`,
);
const wholeSchema = z.object({
  added_tokens: z
    .array(flagsSchema.extend({ id: idSchema }))
    .max(MAX_ADDED_TOKENS)
    .default([]),
  model: z.object({
    type: z.string().default('BPE'),
    vocab: vocabSchema,
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

/** @throws CheckpointError that names the file which is damaged or missing */
export function readVocabulary(files: TokenizerFiles): Vocabulary {
  const config = parse('tokenizer_config.json', files.config, configSchema) ?? {};
  const isListed = config.added_tokens_decoder !== undefined;
  const map = isListed
    ? undefined
    : parse('special_tokens_map.json', files.specialTokens, specialTokensSchema);
  const special = { ...config, ...map };
  const hasPair = files.vocab !== undefined && files.merges !== undefined;
  const whole = hasPair && isListed ? undefined : parse('tokenizer.json', files.whole, wholeSchema);
  const { ids, merges } =
    files.vocab !== undefined && files.merges !== undefined
      ? { ids: parse('vocab.json', files.vocab, vocabSchema), merges: readMerges(files.merges) }
      : readWhole(whole);

  const added = new Map<string, AddedToken>();
  const add = ({ content, lstrip, rstrip, single_word }: TokenFlags, id: number) =>
    added.set(content, { content, id, lstrip, rstrip, singleWord: single_word });
  for (const [content, id] of Object.entries(
    (!isListed && parse('added_tokens.json', files.addedTokens, addedTokensSchema)) || {},
  ))
    add({ content, lstrip: false, rstrip: false, single_word: false }, id);
  for (const token of whole?.added_tokens ?? []) add(token, token.id);
  for (const [id, token] of Object.entries(config.added_tokens_decoder ?? {})) add(token, idOfKey(id));

  // Special tokens in none of these lists: their ids are in the vocabulary, or follow it.
  const plain = (content: string): TokenFlags => ({
    content,
    lstrip: false,
    rstrip: false,
    single_word: false,
  });
  const specials = [
    plain(BEGIN),
    plain(END),
    ...specialNames.flatMap((name) => special[name] ?? []),
    ...(special.additional_special_tokens ?? []),
    ...(special.extra_special_tokens ?? []),
  ];
  const known = (content: string) => (Object.hasOwn(ids, content) ? ids[content] : undefined);
  let free =
    Object.keys(ids).length + [...added.keys()].filter((content) => known(content) === undefined).length;
  for (const token of specials) {
    if (added.has(token.content)) continue;
    const id = known(token.content);
    if (id === undefined && (token.content === BEGIN || token.content === END))
      throw new CheckpointError(
        `tokenizer: ${hasPair ? 'vocab.json' : 'tokenizer.json'} lacks the token "${token.content}"`,
      );
    add(token, id ?? free++);
  }
  const characters = [...added.keys()].reduce((sum, { length }) => sum + length, 0);
  if (characters > MAX_ADDED_CHARACTERS) {
    throw new CheckpointError(
      `tokenizer: its added tokens have ${characters} characters in all, where ${MAX_ADDED_CHARACTERS} are the most that is ` +
        'taken; no model of Stable Diffusion has so many: name another one',
    );
  }
  const stated = config.model_max_length ?? CLIP_LENGTH;
  return {
    ids,
    merges,
    added: [...added.values()],
    pad: special.pad_token?.content ?? END,
    length: stated <= LONGEST ? stated : CLIP_LENGTH,
  };
}

function readWhole(whole: z.infer<typeof wholeSchema> | undefined): Pick<Vocabulary, 'ids' | 'merges'> {
  if (whole === undefined) {
    throw new CheckpointError(
      'tokenizer: neither vocab.json with merges.txt nor tokenizer.json is there; download the model again',
    );
  }
  const { type, vocab, merges } = whole.model;
  if (type !== 'BPE')
    throw new UnsupportedError(`tokenizer: tokenizer.json is of the kind "${type}", where CLIP's is BPE`);
  return { ids: vocab, merges: merges.map((merge) => (typeof merge === 'string' ? pairOf(merge) : merge)) };
}

/** The first line is a version; the file may end in a line break, and may have passed through Windows. */
function readMerges(text: string): [string, string][] {
  return text
    .split(/\r\n|[\n\r]/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#version'))
    .map(pairOf);
}

function pairOf(merge: string): [string, string] {
  const blank = merge.indexOf(' ');
  return [merge.slice(0, blank), merge.slice(blank + 1).trimStart()];
}

function idOfKey(key: string): number {
  const id = Number(key);
  if (Number.isSafeInteger(id) && id >= 0) return id;
  throw new CheckpointError(
    `tokenizer: tokenizer_config.json has an added token under "${key}", which is not an id`,
  );
}

function parse<Schema extends z.ZodType>(file: string, text: string, schema: Schema): z.output<Schema>;
function parse<Schema extends z.ZodType>(
  file: string,
  text: string | undefined,
  schema: Schema,
): z.output<Schema> | undefined;
function parse<Schema extends z.ZodType>(
  file: string,
  text: string | undefined,
  schema: Schema,
): z.output<Schema> | undefined {
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, '', cause);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw damaged(
    file,
    ` (${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')})`,
    parsed.error,
  );
}

function damaged(file: string, why: string, cause: unknown): CheckpointError {
  return new CheckpointError(`tokenizer: ${file} is damaged or not CLIP's${why}; download the model again`, {
    cause,
  });
}
