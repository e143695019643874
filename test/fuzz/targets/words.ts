/** Texts from users and files: prompts, names, requests, settings inside images. */
import fc from 'fast-check';
import { parseLocalOptions, parseRequest } from '../../../src/contract/engine';
import { parseParameters, readRecipe, recipeOf, recipeTexts } from '../../../src/contract/recipe';
import { readTexts, TEXTS_OFFSET, textChunks } from '../../../src/image/files/pngText';
import { canonicalName, parseModelName } from '../../../src/model/source/modelName';
import { parseArguments } from '../../../src/node/cli/args';
import { parsePrompt } from '../../../src/pipeline/conditioning/prompt';
import { mutatedBytes, mutatedJson, mutatedObject, mutatedText, textOf } from '../mutate';
import { target } from '../target';
import { golden, isNamed } from './bases';

const request = {
  model_name: 'a/model',
  prompt: 'a cat',
  negative_prompt: '',
  image_url: 'https://example.org/a.png',
  mask_url: 'data:image/png;base64,AAAA',
  num_inference_steps: 30,
  guidance_scale: 7.5,
  seed: 42,
};
const options = {
  scheduler: 'DDIM',
  strength: 0.5,
  width: 512,
  height: 512,
  loras: [{ source: 'a/lora', weight: 1 }],
};
const recipe = recipeOf({
  engine: 'local',
  request: parseRequest(request),
  options: parseLocalOptions(options),
  page: { feather: 8 },
  seed: 42,
  width: 640,
  height: 480,
  madeAt: new Date(0),
});
const texts = recipeTexts(recipe);
const [own] = texts;
if (own === undefined) throw new Error('a recipe has texts');
const ownKeyword = own.keyword;
const parameters = texts[1]?.text ?? '';
const png = golden('pictures/input-64x64.png');
const withTexts = Uint8Array.from(
  Buffer.concat([
    png.subarray(0, TEXTS_OFFSET),
    textChunks(texts),
    png.subarray(TEXTS_OFFSET, TEXTS_OFFSET + 200),
  ]),
);
const nameWords = [
  'a',
  '/',
  '..',
  '.',
  '%',
  '%2f',
  '%zz',
  ':',
  '@',
  '#',
  '?',
  '\\',
  '"',
  '’',
  ' ',
  'https://',
  'http://',
  'huggingface.co',
  'blob',
  'main',
  'resolve',
  '.safetensors',
  'tree',
  'disk:',
  'starter',
  '\u0000',
];

export const wordTargets = [
  target({
    name: 'prompts, weights',
    input: textOf(['(', ')', '[', ']', ':', '1.1', '\\', 'a cat', ' ', ',', '\\(', '1e9', '.', '-', 'BREAK']),
    take: parsePrompt,
    isRefusal: isNamed,
    isTotal: true,
  }),
  target({
    name: 'model names',
    input: textOf(nameWords, 12),
    take(name) {
      canonicalName(name);
      parseModelName(name);
    },
    isRefusal: isNamed,
  }),
  target({ name: 'request', input: mutatedObject(request), take: parseRequest, isRefusal: isNamed }),
  target({
    name: 'local options',
    input: mutatedObject(options),
    take: parseLocalOptions,
    isRefusal: isNamed,
  }),
  target({
    name: 'PNG texts',
    input: mutatedBytes(withTexts),
    take: (bytes) => readRecipe(readTexts(bytes)) !== null,
    isRefusal: isNamed,
  }),
  target({
    name: 'recipe in a picture',
    input: fc.oneof(
      mutatedJson(recipe).map((text) => [{ keyword: ownKeyword, text }]),
      mutatedText(parameters, [
        'Steps: ',
        ',',
        ', ',
        ':',
        '"',
        '\n',
        'Seed: ',
        'Size: ',
        '512x512',
        'Negative prompt: ',
        '\\',
      ]).map((text) => [{ keyword: 'parameters', text }]),
    ),
    take: (found) => readRecipe(found) !== null,
    isRefusal: isNamed,
  }),
  target({
    name: 'parameters of other programs',
    input: textOf([
      'Steps: 20',
      'Steps: ',
      ',',
      ', ',
      'Seed: 1',
      'CFG scale: 7',
      'Size: ',
      '1x1',
      '\n',
      'Negative prompt: ',
      'a',
      '"',
      ': ',
      '\\"',
      'Model: x',
    ]),
    take: (text) => parseParameters(text) !== null,
    isRefusal: isNamed,
  }),
  target({
    name: 'arguments of the command line',
    input: fc
      .array(
        fc.oneof(
          {
            weight: 3,
            arbitrary: fc.constantFrom(
              '--model',
              '--image',
              '--mask',
              '--prompt',
              '--out',
              '--steps',
              '--seed',
              '--guidance',
              '--lora',
              '--embedding',
              '--width',
              '--no-crop',
              '--crop-padding',
              '--mask-reading',
              '--scheduler',
              '--help',
              '--',
              '--promt',
              '-x',
            ),
          },
          {
            weight: 3,
            arbitrary: fc.constantFrom(
              'a',
              '1',
              '-1',
              '1e999',
              '',
              'x:1',
              'x:y',
              '18446744073709551615',
              'out.png',
              'out.gif',
              'alpha',
              '=',
            ),
          },
          { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
        ),
        { maxLength: 14 },
      )
      .map((more) => [
        '--model',
        'a',
        '--image',
        'b',
        '--mask',
        'c',
        '--prompt',
        'd',
        '--out',
        'e.png',
        ...more,
      ]),
    take: parseArguments,
    isRefusal: isNamed,
  }),
];
