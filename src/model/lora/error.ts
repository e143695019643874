import { CheckpointError } from '../../contract/errors';

/** A LoRA that is damaged, of another kind or for another model: the error is shown at its own field. */
export function loraError(message: string, cause?: unknown): CheckpointError {
  return new CheckpointError(message, { field: 'loras', cause });
}
