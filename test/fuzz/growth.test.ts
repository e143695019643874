/**
 * Each parser of texts and files with n and 4n of its worst input: its time must grow with the input, not with its square.
 * Wrong inputs did not find any of the quadratic parsers.
 */
import { expect, test } from 'vitest';
import { parseParameters, withoutSecrets } from '../../src/contract/recipe';
import { readTexts, textChunks } from '../../src/image/files/pngText';
import { readPickle } from '../../src/model/checkpoint/pickle';
import { parseSafetensorsHeader } from '../../src/model/checkpoint/safetensors';
import { canonicalName, parseModelName } from '../../src/model/source/modelName';
import { parsePrompt } from '../../src/pipeline/conditioning/prompt';
import { createTokenizer } from '../../src/pipeline/conditioning/tokenizer';
import { parseSchedulerConfig } from '../../src/pipeline/schedulers/config';
import { growth, MOST_GROWTH } from '../support/growth';
import { goldenText } from './targets/bases';

interface Shape {
  name: string;
  n: number;
  input(n: number): unknown;
  work(input: never): unknown;
}

function shape<Input>(
  name: string,
  n: number,
  input: (n: number) => Input,
  work: (input: Input) => unknown,
): Shape {
  return { name, n, input, work: work as Shape['work'] };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const vocab = goldenText('models/sd15/tokenizer/vocab.json');
const merges = goldenText('models/sd15/tokenizer/merges.txt');
const tokenizer = createTokenizer({ vocab, merges });
const words = JSON.parse(vocab) as Record<string, number>;
const manyWords = (n: number) =>
  JSON.stringify({
    ...words,
    ...Object.fromEntries(Array.from({ length: n }, (_, i) => [`word${i}`, 1000 + i])),
  });
const manyAdded = (n: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: n }, (_, i) => [`<t${i}>`, 1000 + i])));
const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const pickleOf = (...parts: (number | string)[]) =>
  Uint8Array.from([
    0x80,
    2,
    ...parts.flatMap((part) => (typeof part === 'number' ? [part] : [...bytes(part)])),
  ]);

const shapes: Shape[] = [
  // Prompts
  ...(
    [
      ['brackets that open, then close', (n: number) => '('.repeat(n) + ']'.repeat(n)],
      ['digits of a weight', (n: number) => `(a:${'1'.repeat(n)}x)`],
      ['nested pairs', (n: number) => '('.repeat(n) + ')'.repeat(n)],
      ['open brackets', (n: number) => '['.repeat(n)],
      ['colons', (n: number) => `(${':1'.repeat(n)})`],
      ['backslashes', (n: number) => '\\'.repeat(n)],
      ['blanks', (n: number) => `(a: ${' '.repeat(n)}x)`],
    ] as const
  ).map(([name, input]) => shape(`prompt, ${name}`, 4000, input, parsePrompt)),
  ...(
    [
      ['one long word', (n: number) => 'ab'.repeat(n)],
      ['blanks', (n: number) => `a${' '.repeat(n)}b`],
      ['angle brackets', (n: number) => '<'.repeat(n)],
      ['words', (n: number) => 'a cat '.repeat(n)],
      ['almost the end token', (n: number) => '<|endoftext|'.repeat(n)],
      ['combining marks', (n: number) => `a${'\u0301'.repeat(n)}`],
    ] as const
  ).map(([name, input]) => shape(`tokens, ${name}`, 500, input, (text) => tokenizer.encode(text))),
  shape('tokens, among many added ones', 1000, manyAdded, (addedTokens) =>
    createTokenizer({ vocab, merges, addedTokens }).encode('<t1> <t2'.repeat(50)),
  ),
  // Names
  ...(
    [
      ['slashes', (n: number) => `a${'/'.repeat(n)}b`],
      ['quotes', (n: number) => '"'.repeat(n)],
      ['percent signs', (n: number) => `https://example.org/${'%'.repeat(n)}`],
      ['escaped percent signs', (n: number) => `https://example.org/${'%25'.repeat(n)}`],
      ['blanks', (n: number) => `a/${' '.repeat(n)}b`],
      ['dots', (n: number) => `a/${'../../src/testing/'.repeat(n)}`],
      ['at signs', (n: number) => `a/b${'@'.repeat(n)}`],
      ['folders', (n: number) => `https://huggingface.co/a/b/${'blob/'.repeat(n)}`],
    ] as const
  ).flatMap(([name, input]) => [
    shape(`model name, ${name}`, 4000, input, (text) => parseModelName(text)),
    shape(`model's key, ${name}`, 4000, input, (text) => canonicalName(text)),
    shape(`address without secrets, ${name}`, 4000, input, withoutSecrets),
  ]),
  // Settings in pictures
  ...(
    [
      ['letters', (n: number) => `a\nSteps: 1,${'b'.repeat(n)}`],
      ['commas', (n: number) => `a\nSteps: 1${','.repeat(n)}`],
      ['quotes', (n: number) => `a\nSteps: 1, X: ${'"'.repeat(n)}`],
      ['escaped quotes', (n: number) => `a\nSteps: 1, X: "${'\\"'.repeat(n)}`],
      ['colons', (n: number) => `a\nSteps: 1, ${'a: '.repeat(n)}`],
      ['lines', (n: number) => `${'a\n'.repeat(n)}Steps: 1`],
      ['negative prompts', (n: number) => `${'\nNegative prompt: '.repeat(n)}\nSteps: 1`],
    ] as const
  ).map(([name, input]) => shape(`settings, ${name}`, 4000, input, parseParameters)),
  shape(
    'PNG texts, many',
    500,
    (n) =>
      Uint8Array.from(
        Buffer.concat([
          signature,
          textChunks(Array.from({ length: n }, () => ({ keyword: 'a', text: 'b' }))),
        ]),
      ),
    readTexts,
  ),
  shape(
    'PNG texts, a long one',
    20_000,
    (n) => Uint8Array.from(Buffer.concat([signature, textChunks([{ keyword: 'a', text: 'é'.repeat(n) }])])),
    readTexts,
  ),
  // Files of models
  ...(
    [
      ['brackets', (n: number) => '['.repeat(n)],
      ['colons and blanks', (n: number) => `{"a":${' '.repeat(n)}`],
      ['many blanks after many colons', (n: number) => `{${'"a":    '.repeat(n)}`],
      ['keys', (n: number) => `{${Array.from({ length: n }, (_, i) => `"k${i}":1`).join(',')}}`],
      [
        'infinities',
        (n: number) => `{${Array.from({ length: n }, (_, i) => `"k${i}": -Infinity`).join(',')}}`,
      ],
    ] as const
  ).map(([name, input]) => shape(`scheduler, ${name}`, 4000, input, parseSchedulerConfig)),
  shape('vocabulary, words', 4000, manyWords, (text) => createTokenizer({ vocab: text, merges })),
  shape(
    'merges, lines',
    4000,
    (n) => `#version\n${'a b\n'.repeat(n)}`,
    (text) => createTokenizer({ vocab, merges: text }),
  ),
  shape(
    'merges, line ends',
    4000,
    (n) => '\r'.repeat(n),
    (text) => createTokenizer({ vocab, merges: text }),
  ),
  shape(
    'merges, blanks',
    4000,
    (n) => `a${' '.repeat(n)}b`,
    (text) => createTokenizer({ vocab, merges: text }),
  ),
  shape('added tokens', 1000, manyAdded, (addedTokens) => createTokenizer({ vocab, merges, addedTokens })),
  shape(
    'safetensors, tensors',
    1000,
    (n) =>
      bytes(
        JSON.stringify(
          Object.fromEntries(
            Array.from({ length: n }, (_, i) => [
              `k${i}`,
              { dtype: 'F32', shape: [1], data_offsets: [4 * i, 4 * i + 4] },
            ]),
          ),
        ),
      ),
    (header) => parseSafetensorsHeader(header, 1e9, 'model.safetensors'),
  ),
  shape(
    'safetensors, brackets',
    4000,
    (n) => bytes('['.repeat(n)),
    (header) => parseSafetensorsHeader(header, 1e9, 'x'),
  ),
  ...(
    [
      ['dictionaries', (n: number) => pickleOf('}'.repeat(n), '.')],
      [
        'dictionaries put away',
        (n: number) => pickleOf(...Array.from({ length: n }, (_, i) => `}p${i}\n`), '.'),
      ],
      ['a list in a list', (n: number) => pickleOf(']'.repeat(n), 'a'.repeat(n - 1), '.')],
      [
        'tuples',
        (n: number) => pickleOf('N', '\x85'.repeat(0), ...Array.from({ length: n }, () => 0x85), '.'),
      ],
      ['marks', (n: number) => pickleOf('('.repeat(n), ...Array.from({ length: n }, () => 't'), '.')],
      ['one list, added to', (n: number) => pickleOf(']', 'Na'.repeat(n), '.')],
      [
        'one dictionary, set in',
        (n: number) => pickleOf('}', ...Array.from({ length: n }, (_, i) => `I${i}\nNs`), '.'),
      ],
      ['a long line', (n: number) => pickleOf('I', '1'.repeat(n), '\n.')],
      ['duplicates', (n: number) => pickleOf('N', '2'.repeat(n), '.')],
    ] as const
  ).map(([name, input]) => shape(`pickle, ${name}`, 2000, input, (file) => readPickle(file, 'data.pkl'))),
];

/** Where a machine is busy one measurement may be off; a square shows in each. */
const TRIES = 4;

test.each(shapes)('$name', ({ n, input, work }) => {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES && least >= MOST_GROWTH; i++) {
    least = Math.min(least, growth(input as (size: number) => never, work, n));
  }
  expect(least).toBeLessThan(MOST_GROWTH);
});
