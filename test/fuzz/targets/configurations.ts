/** The files that describe a model: its index, and the configurations of networks, scheduler and tokenizer. */

import fc from 'fast-check';
import { wasmTarget } from '../../../src/graph/onnx/targets';
import { parseVaeConfig } from '../../../src/model/configs/autoencoderKl';
import { parseClipTextConfig } from '../../../src/model/configs/clipText';
import { parseUnet2dConfig } from '../../../src/model/configs/unet2d';
import { familyOf } from '../../../src/model/families';
import { parseIndex } from '../../../src/model/families/stableDiffusionNetworks';
import { refuseOtherPipeline } from '../../../src/model/families/unsupported';
import { filesOfTexts } from '../../../src/model/files';
import { type MemoryLimits, modelNeeds, peakOf } from '../../../src/model/memoryNeeds';
import { factsOf } from '../../../src/model/modelSummary';
import { createTokenizer } from '../../../src/pipeline/conditioning/tokenizer';
import { parseSchedulerConfig } from '../../../src/pipeline/schedulers/config';
import { createScheduler } from '../../../src/pipeline/schedulers/create';
import { mutatedJson, mutatedObject, mutatedText, textOf } from '../mutate';
import { target } from '../target';
import { goldenJson, goldenText, isNamed } from './bases';

const sd = 'models/sd15';
const xl = 'models/sdxl';
const either = (path: string) =>
  fc.oneof(mutatedObject(goldenJson(`${sd}/${path}`)), mutatedObject(goldenJson(`${xl}/${path}`)));

const vocab = JSON.parse(goldenText(`${sd}/tokenizer/vocab.json`)) as Record<string, number>;
/** Enough for words of a few letters, so that a case takes little time. */
const entries = Object.entries(vocab).filter(([, id]) => id < 120 || id > 997);
const fewWords = Object.fromEntries(entries);
const merges = goldenText(`${sd}/tokenizer/merges.txt`).split('\n').slice(0, 20).join('\n');
const tokenizerJson = {
  version: '1.0',
  added_tokens: [
    {
      id: 998,
      content: '<|startoftext|>',
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: true,
      special: true,
    },
    {
      id: 999,
      content: '<|endoftext|>',
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: true,
      special: true,
    },
    {
      id: 1000,
      content: '<toy>',
      single_word: false,
      lstrip: true,
      rstrip: false,
      normalized: false,
      special: false,
    },
  ],
  model: {
    type: 'BPE',
    vocab: { '!': 0, a: 1, 'a</w>': 2, '<|startoftext|>': 998, '<|endoftext|>': 999 },
    merges: [['a', 'a</w>']],
  },
};
const config = goldenJson(`${sd}/tokenizer/tokenizer_config.json`);
const special = goldenJson(`${sd}/tokenizer/special_tokens_map.json`);
const PROMPT = 'a cat <toy> <|endoftext|>';

const whole = ['model_index.json', 'unet/config.json', 'vae/config.json', 'text_encoder/config.json'];
const roomy: MemoryLimits = {
  totalBytes: Number.POSITIVE_INFINITY,
  wholePictureBytes: Number.POSITIVE_INFINITY,
  residentBytes: 1e10,
  bufferBytes: Number.POSITIVE_INFINITY,
  reason: '',
};

export const configurationTargets = [
  target({
    name: 'configurations, to what a model needs',
    // Each takes the graphs of three networks.
    share: 0.1,
    input: fc
      .constantFrom(...whole)
      .chain((path) => fc.tuple(fc.constant(path), mutatedJson(goldenJson(`${sd}/${path}`)))),
    async take([changed, text]) {
      const texts = new Map(
        whole.map((path) => [path, path === changed ? text : goldenText(`${sd}/${path}`)]),
      );
      const files = filesOfTexts('a/model', texts);
      await factsOf(files);
      const needs = await modelNeeds(files, wasmTarget, roomy);
      if (needs !== undefined && !Number.isFinite(peakOf(needs).bytes)) throw new Error('no number');
    },
    isRefusal: isNamed,
  }),
  target({
    name: 'model_index.json',
    input: either('model_index.json'),
    take(json) {
      refuseOtherPipeline('a/model', json);
      parseIndex(json, 'a/model', familyOf({ index: json })?.id === 'sdxl');
    },
    isRefusal: isNamed,
  }),
  target({
    name: 'unet/config.json',
    input: either('unet/config.json'),
    take: parseUnet2dConfig,
    isRefusal: isNamed,
  }),
  target({
    name: 'vae/config.json',
    input: either('vae/config.json'),
    take: parseVaeConfig,
    isRefusal: isNamed,
  }),
  target({
    name: 'text_encoder/config.json',
    input: either('text_encoder/config.json'),
    take: (json) => parseClipTextConfig(json),
    isRefusal: isNamed,
  }),
  target({
    name: 'scheduler_config.json',
    input: fc.oneof(
      mutatedJson(goldenJson(`${sd}/scheduler/scheduler_config.json`)),
      mutatedJson(goldenJson(`${xl}/scheduler/scheduler_config.json`)),
    ),
    take(text) {
      const config = parseSchedulerConfig(text);
      createScheduler(config, 'Euler').setTimesteps(4);
      createScheduler(config).setTimesteps(4);
    },
    isRefusal: isNamed,
  }),
  target({
    name: 'tokenizer, vocab.json and merges.txt',
    input: fc.tuple(
      fc.oneof(fc.constant(JSON.stringify(fewWords)), mutatedJson(fewWords)),
      mutatedText(merges, ['\n', '\r\n', '\r', ' ', '</w>', '#version', 'a', '\u0120']),
      fc.oneof(fc.constant(JSON.stringify(config)), mutatedJson(config)),
      fc.oneof(fc.constant(JSON.stringify(special)), mutatedJson(special)),
    ),
    take: ([words, lines, tokenizerConfig, specialTokens]) =>
      createTokenizer({ vocab: words, merges: lines, config: tokenizerConfig, specialTokens }).encode(PROMPT),
    isRefusal: isNamed,
  }),
  target({
    name: 'tokenizer.json',
    input: fc.tuple(
      mutatedJson(tokenizerJson),
      fc.oneof(fc.constant(JSON.stringify(config)), mutatedJson(config)),
    ),
    take: ([whole, tokenizerConfig]) => createTokenizer({ whole, config: tokenizerConfig }).encode(PROMPT),
    isRefusal: isNamed,
  }),
  target({
    name: 'prompts, tokenized',
    input: textOf([
      'a',
      ' ',
      '<|endoftext|>',
      '<|startoftext|>',
      '</w>',
      '\u0000',
      '\u4e2d',
      '\ud83d\ude00',
      "'s",
      '<toy>',
      '\n',
    ]),
    take: (prompt) => tokenizer().encode(prompt),
    isRefusal: isNamed,
    isTotal: true,
  }),
];

let made: ReturnType<typeof createTokenizer> | undefined;
function tokenizer() {
  made ??= createTokenizer({
    vocab: goldenText(`${sd}/tokenizer/vocab.json`),
    merges: goldenText(`${sd}/tokenizer/merges.txt`),
  });
  return made;
}
