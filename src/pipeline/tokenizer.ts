/**
 * CLIP's tokenizer, from the files that Stable Diffusion repositories carry: vocab.json, merges.txt and the
 * tokenizer's configuration. Follows `CLIPTokenizer` of transformers as it works without the ftfy package.
 */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { CheckpointError } from '../engine/errors';
import type { Tokenizer } from './components';

/** The texts of the files of a repository's `tokenizer/` folder. */
export interface TokenizerFiles {
  /** vocab.json */
  vocab: string;
  /** merges.txt */
  merges: string;
  /** tokenizer_config.json */
  config?: string;
  /** special_tokens_map.json; its pad token counts before that of the configuration */
  specialTokens?: string;
}

const BEGIN = '<|startoftext|>';
const END = '<|endoftext|>';
/** Positions that CLIP's text models have. */
const CLIP_LENGTH = 77;
/** transformers writes this where no length is known. */
const LONGEST = 100_000;

const vocabSchema = z.record(z.string(), z.number().int().nonnegative());
const tokenSchema = z.union([
  z.string(),
  z.object({ content: z.string() }).transform((token) => token.content),
]);
const specialTokensSchema = z.object({ pad_token: tokenSchema.nullish() });
const configSchema = specialTokensSchema.extend({ model_max_length: z.number().positive().nullish() });

/** @throws CheckpointError that names the file which is damaged */
export function createTokenizer(files: TokenizerFiles): Tokenizer {
  const vocab = parse('vocab.json', files.vocab, vocabSchema);
  const config = files.config === undefined ? {} : parse('tokenizer_config.json', files.config, configSchema);
  const special =
    files.specialTokens === undefined
      ? {}
      : parse('special_tokens_map.json', files.specialTokens, specialTokensSchema);
  const idOf = (token: string) => {
    const id = vocab[token];
    if (id === undefined) throw new CheckpointError(`tokenizer: vocab.json lacks the token "${token}"`);
    return id;
  };
  const begin = idOf(BEGIN);
  const end = idOf(END);
  const padToken = special.pad_token ?? config.pad_token ?? END;
  const pad = idOf(padToken);
  const stated = config.model_max_length ?? CLIP_LENGTH;
  const length = stated < LONGEST ? stated : CLIP_LENGTH;

  const tokenizer = new HuggingFaceTokenizer(
    tokenizerJson(vocab, files.merges, new Set([BEGIN, END, padToken])),
    {},
  );
  const tokens = (text: string): readonly number[] =>
    tokenizer.encode(cleanText(text), { add_special_tokens: false }).ids;
  const row = (ids: readonly number[]) => {
    const kept = ids.slice(0, length - 2);
    return Int32Array.from({ length }, (_, position) => {
      if (position === 0) return begin;
      if (position <= kept.length) return kept[position - 1] ?? pad;
      return position === kept.length + 1 ? end : pad;
    });
  };
  return {
    length,
    tokens,
    row,
    count: (text) => tokens(text).length,
    encode: (text) => row(tokens(text)),
  };
}

function parse<Schema extends z.ZodType>(file: string, text: string, schema: Schema): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CheckpointError(`tokenizer: ${file} is damaged or not CLIP's; download the model again`, {
      cause,
    });
  }
}

/**
 * What `tokenizer.json` would say; the repositories lack it.
 * @param specials tokens that a text may name outright. The pad token is one of them: with SD 2's "!" each
 *   exclamation mark of a prompt becomes id 0, as transformers has it
 */
function tokenizerJson(vocab: Record<string, number>, merges: string, specials: ReadonlySet<string>) {
  const special = (content: string) => ({
    id: vocab[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: true,
    special: true,
  });
  return {
    version: '1.0',
    added_tokens: [...specials].map(special),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
          behavior: 'Removed',
          invert: true,
        },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: END,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      vocab,
      // The first line is a version; the file may end in a line break.
      merges: merges.split('\n').filter((line) => line !== '' && !line.startsWith('#version')),
    },
  };
}

const CONTROL = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\uFFFD]/u;
const CJK =
  /[\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B820}-\u{2CEAF}\u{F900}-\u{FAFF}\u{2F800}-\u{2FA1F}]/gu;

/**
 * transformers' BasicTokenizer, which CLIPTokenizer applies where ftfy is not installed: control characters
 * go, white space becomes one blank, Chinese characters stand alone. (The `tokenizers` crate does none of it.)
 */
function cleanText(text: string): string {
  const visible = Array.from(text.replace(/[\t\n\r]/g, ' '), (character) =>
    CONTROL.test(character) ? '' : character,
  );
  return visible.join('').replace(CJK, ' $& ').trim();
}
