import { CheckpointError } from '../../contract/errors';

/** An embedding that is damaged, of another kind or for another model: the error is shown at its own field. */
export function embeddingError(message: string, cause?: unknown): CheckpointError {
  return new CheckpointError(message, { field: 'embeddings', cause });
}
