import { expect, it } from 'vitest';
import { type EmbeddingSetting, emptyEmbedding } from './embeddings';
import { checkSettings, initialSettings } from './settings';

const check = (embeddings: EmbeddingSetting[]) => checkSettings({ ...initialSettings, embeddings });

it('takes names and files, a word where one is given, and no empty rows', () => {
  const file = new File(['x'], 'style.pt');
  const rows = [
    { ...emptyEmbedding(), source: ' owner/name ', token: ' <cat> ' },
    { ...emptyEmbedding(), source: file },
    emptyEmbedding(),
  ];
  expect(check(rows).checked?.embeddings).toEqual([
    { source: 'owner/name', token: '<cat>' },
    { source: file },
  ]);
});

it('says which row has too long a word, and how many there may be', () => {
  const row = { ...emptyEmbedding(), source: 'a/b' };
  expect(check([row, { ...row, token: 'x'.repeat(257) }]).errors?.embeddings).toBe(
    'Embedding 2: its word must have at most 256 characters.',
  );
  expect(check(Array<typeof row>(17).fill(row)).errors?.embeddings).toBe('Embeddings: at most 16.');
});
