/** Embeddings as a person enters them, and their check against the options' schema. */
import { type EmbeddingOption, localOptionsSchema } from '../../contract/schema';

export interface EmbeddingSetting {
  /** Tells rows apart while they are edited. */
  id: number;
  /** A name or an address, or the person's own file. */
  source: string | File;
  /** Its word in the prompt; blank: as the file calls it. */
  token: string;
}

let nextId = 1;

export function emptyEmbedding(): EmbeddingSetting {
  return { id: nextId++, source: '', token: '' };
}

/** Rows without a name count as not there. @returns the option, or what is wrong with the first row that is */
export function checkEmbeddings(
  embeddings: readonly EmbeddingSetting[],
): { checked: EmbeddingOption[]; error?: undefined } | { checked?: undefined; error: string } {
  const entered = embeddings.filter(({ source }) => typeof source !== 'string' || source.trim() !== '');
  const options = entered.map(({ source, token }) => ({
    source,
    ...(token.trim() !== '' && { token }),
  }));
  const parsed = localOptionsSchema.shape.embeddings.safeParse(options);
  if (parsed.success) return { checked: parsed.data ?? [] };
  const issue = parsed.error.issues[0];
  const [row] = issue?.path ?? [];
  if (typeof row !== 'number') return { error: `Embeddings: ${issue?.message ?? 'are not valid'}.` };
  const field = issue?.path[1] === 'token' ? 'its word ' : '';
  return { error: `Embedding ${row + 1}: ${field}${issue?.message ?? 'is not valid'}.` };
}
