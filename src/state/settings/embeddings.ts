/** Embeddings as the user enters them, and what the check says about them. */

export interface EmbeddingSetting {
  /** Tells rows apart while they are edited. */
  id: number;
  /** A name or a URL, or the user's own file. */
  source: string | File;
  /** Its word in the prompt; blank: the one that the file gives. */
  token: string;
}

let nextId = 1;

export function emptyEmbedding(): EmbeddingSetting {
  return { id: nextId++, source: '', token: '' };
}

/** The rows as the contract's options, not yet checked; rows without a name count as absent. */
export function enteredEmbeddings(
  embeddings: readonly EmbeddingSetting[],
): { source: string | File; token?: string }[] {
  return embeddings
    .filter(({ source }) => typeof source !== 'string' || source.trim() !== '')
    .map(({ source, token }) => ({ source, ...(token.trim() !== '' && { token }) }));
}

/** @param issue the schema's, with its path from the list on */
export function embeddingProblem({ path, message }: { path: PropertyKey[]; message: string }): string {
  const [, row, part] = path;
  if (typeof row !== 'number') return `Embeddings: ${message}.`;
  return `Embedding ${row + 1}: ${part === 'token' ? 'its word ' : ''}${message}.`;
}
