/**
 * CLIP's tokenizer, from the files that Stable Diffusion repositories carry (tokenizerFiles.ts). Follows `CLIPTokenizer` of
 * transformers 4 as it works without the ftfy package: added tokens are found in the text as is (addedTokens.ts), the text
 * between them is cleaned, lowered and cut by BPE.
 */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import type { Tokenizer } from '../model';
import { type AddedToken, AddedTokens } from './addedTokens';
import { BEGIN, END, readVocabulary, type TokenizerFiles, type Vocabulary } from './tokenizerFiles';

/** @throws CheckpointError that names the file which is damaged or missing */
export function createTokenizer(files: TokenizerFiles): Tokenizer {
  const vocabulary = readVocabulary(files);
  const bpe = new HuggingFaceTokenizer(tokenizerJson(vocabulary), {});
  return tokenizerOf(vocabulary, bpe, new AddedTokens(vocabulary.added));
}

function tokenizerOf(vocabulary: Vocabulary, bpe: HuggingFaceTokenizer, added: AddedTokens): Tokenizer {
  const { length, pad } = vocabulary;
  const idOf = (token: string): number => added.get(token)?.id ?? 0; // readVocabulary made sure that they exist
  const [beginId, endId, padId] = [idOf(BEGIN), idOf(END), idOf(pad)];
  const tokens = (text: string): number[] =>
    added
      .split(text)
      .flatMap((part) => part.ids ?? bpe.encode(cleanText(part.text), { add_special_tokens: false }).ids);
  const row = (ids: readonly number[]) => {
    const kept = ids.slice(0, length - 2);
    return Int32Array.from({ length }, (_, position) => {
      if (position === 0) return beginId;
      if (position <= kept.length) return kept[position - 1] ?? padId;
      return position === kept.length + 1 ? endId : padId;
    });
  };
  return {
    length,
    tokens,
    row,
    count: (text) => tokens(text).length,
    encode: (text) => row(tokens(text)),
    has: (token) => added.get(token) !== undefined || Object.hasOwn(vocabulary.ids, token),
    withTokens(more) {
      const plain = more.map(
        ({ content, id }): AddedToken => ({ content, id, lstrip: false, rstrip: false, singleWord: false }),
      );
      return tokenizerOf(vocabulary, bpe, new AddedTokens([...added.values(), ...plain]));
    },
  };
}

/** What a tokenizer.json of the `tokenizers` crate would say. Begin and end count in any case of their letters. */
function tokenizerJson({ ids, merges }: Vocabulary) {
  const special = (content: string) => ({
    id: ids[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: true,
    special: true,
  });
  return {
    version: '1.0',
    added_tokens: [BEGIN, END].filter((token) => Object.hasOwn(ids, token)).map(special),
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
      vocab: ids,
      merges,
    },
  };
}

const CONTROL = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\uFFFD]/u;
const CJK =
  /[\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B820}-\u{2CEAF}\u{F900}-\u{FAFF}\u{2F800}-\u{2FA1F}]/gu;

/**
 * transformers' BasicTokenizer, which CLIPTokenizer applies if ftfy is not installed: control characters
 * go, white space becomes one blank, Chinese characters become words. (The `tokenizers` crate does not do this.)
 */
function cleanText(text: string): string {
  const visible = Array.from(text.replace(/[\t\n\r]/g, ' '), (character) =>
    CONTROL.test(character) ? '' : character,
  );
  return visible.join('').replace(CJK, ' $& ').trim();
}
