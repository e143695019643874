import { describe, expect, it, test } from 'vitest';
import { growth, MOST_GROWTH } from '../../../test/support/growth';
import { InputError } from '../../contract/errors';
import { bareName, canonicalName, parseModelName } from './modelName';
import { movedTo } from './movedRepositories';

describe('names with parts of dots', () => {
  it.each([
    '../models',
    './models',
    'a/..',
    'a/.',
    '../..',
    '.',
    '.../a',
    'a/....',
    '..\\models',
    'a/..\\b',
    '%2e%2e/models',
    'a/%2e%2e',
    '..%2fmodels',
    '../../api/whoami',
    'a/b@..',
    'a/b@../..',
    'a/b@%2e%2e',
    'a/b@..%2f..%2fc%2fd',
    'a/b@x/../y',
    'a/b@x\\y',
    'a/b/../c/model.safetensors',
    'a/b/../../model.safetensors',
    '../b/model.safetensors',
    'a/../model.safetensors',
    '../models/tree/main',
    'https://huggingface.co/a/b/resolve/..%2f..%2fc/model.safetensors',
    'https://huggingface.co/a/b/resolve/main/..%2f..%2fmodel.safetensors',
    'https://huggingface.co/..%2fa/b',
  ])('%s is refused', (name) => {
    expect(() => parseModelName(name)).toThrow(InputError);
    expect(() => parseModelName(name)).toThrow(/^model_name: /);
  });

  it.each(['https://huggingface.co/../a/b', 'https://huggingface.co/%2e%2e/a/b', 'https://hf.co/x/../a/b'])(
    '%s leads where a browser goes',
    (name) => {
      expect(parseModelName(name)).toEqual({ kind: 'hub', id: 'a/b', revision: 'main' });
    },
  );

  it('dots among other characters are names', () => {
    const id = 'SG161222/Realistic_Vision_V2.0';
    expect(parseModelName(id)).toEqual({ kind: 'hub', id, revision: 'main' });
    expect(parseModelName('a/b.c/v1..2/model..fp16.safetensors')).toEqual({
      kind: 'hub',
      id: 'a/b.c',
      revision: 'main',
      file: 'v1..2/model..fp16.safetensors',
    });
    expect(parseModelName('.hidden/b@v1.5').kind).toBe('hub');
  });
});

test('quotes, blanks and slashes around a name are taken off', () => {
  for (const name of [' "a/b" ', '“a/b”', '<a/b>', '`a/b/`', "''a/b//''"]) {
    expect(parseModelName(name)).toEqual({ kind: 'hub', id: 'a/b', revision: 'main' });
  }
});

test('names of a plain object are no names of ours', () => {
  for (const name of ['constructor', '__proto__', 'toString']) {
    expect(() => parseModelName(name)).toThrow('is neither a Hugging Face id');
    expect(movedTo(name)).toBeUndefined();
    expect(() => parseModelName(`https://huggingface.co/${name}/b`)).not.toThrow();
  }
});

test('a name longer than any address is refused with what to do', () => {
  expect(() => parseModelName(`a/${'b'.repeat(2_047)}`)).toThrow(
    "model_name: the name has 2049 characters, where at most 2048 are taken; give the model's id",
  );
  expect(parseModelName(`a/${'b'.repeat(2_046)}`).kind).toBe('hub');
});

/** The worst shapes: runs of what the parser looks for at the ends, in the middle. */
const shapes: Record<string, (n: number) => string> = {
  slashes: (n) => `a${'/'.repeat(n)}b`,
  'slashes at the end': (n) => `a/b${'/'.repeat(n)}`,
  quotes: (n) => `a${'"'.repeat(n)}b`,
  'curly quotes': (n) => `a${'”'.repeat(n)}b`,
  'percent signs': (n) => `a/b@${'%'.repeat(n)}`,
  escapes: (n) => `a/b@${'%41'.repeat(n)}`,
  dots: (n) => `a/${'.'.repeat(n)}`,
  'at signs': (n) => `a/b${'@'.repeat(n)}`,
  'parts of an address': (n) => `https://x.y/${'a/'.repeat(n)}`,
  'slashes of an address': (n) => `https://x.y/a${'/'.repeat(n)}b`,
  'parts of the Hub': (n) => `https://huggingface.co/a/b/tree/refs/pr/${'1/'.repeat(n)}`,
  blanks: (n) => `a${' '.repeat(n)}b`,
};

describe('a name takes no more time than it has characters', () => {
  it.each(Object.entries(shapes))('%s', (_, shape) => {
    // Nothing is read beyond the greatest length.
    const start = performance.now();
    try {
      canonicalName(shape(2_000).slice(0, 2_048));
    } catch {
      // Most of them are not names.
    }
    expect(performance.now() - start).toBeLessThan(500);
    expect(growth(shape, bareName, 5_000)).toBeLessThan(MOST_GROWTH);
  });
});
