import { expect, it } from 'vitest';
import { checkEmbeddings, emptyEmbedding } from './embeddings';

it('takes names and files, a word where one is given, and no empty rows', () => {
  const file = new File(['x'], 'style.pt');
  const rows = [
    { ...emptyEmbedding(), source: ' owner/name ', token: ' <cat> ' },
    { ...emptyEmbedding(), source: file },
    emptyEmbedding(),
  ];
  expect(checkEmbeddings(rows)).toEqual({
    checked: [{ source: 'owner/name', token: '<cat>' }, { source: file }],
  });
});

it('says which row has too long a word, and how many there may be', () => {
  const row = { ...emptyEmbedding(), source: 'a/b' };
  expect(checkEmbeddings([row, { ...row, token: 'x'.repeat(257) }]).error).toBe(
    'Embedding 2: its word must have at most 256 characters.',
  );
  expect(checkEmbeddings(Array<typeof row>(17).fill(row)).error).toBe('Embeddings: at most 16.');
});
