/** Embeddings as the user enters them, and what the check says about them. */
import { type AddOnSetting, addOnProblem, emptyAddOn, namedAddOns } from './addOns';

export interface EmbeddingSetting extends AddOnSetting {
  /** Its word in the prompt; blank: the one that the file gives. */
  token: string;
}

export const emptyEmbedding = (): EmbeddingSetting => ({ ...emptyAddOn(), token: '' });

/** The rows as the contract's options, not yet checked; rows without a name count as absent. */
export function enteredEmbeddings(
  embeddings: readonly EmbeddingSetting[],
): { source: string | File; token?: string }[] {
  return namedAddOns(embeddings).map(({ source, token }) => ({
    source,
    ...(token.trim() !== '' && { token }),
  }));
}

/** @param issue the schema's, with its path from the list on */
export const embeddingProblem = (issue: { path: PropertyKey[]; message: string }): string =>
  addOnProblem('Embedding', 'token', issue);
