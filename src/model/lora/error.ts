import { CheckpointError } from '../../contract/errors';

/** A LoRA that is damaged, of another kind or for another model: people look for it at its own field. */
export function loraError(message: string, cause?: unknown): CheckpointError {
  return new CheckpointError(message, { field: 'loras', cause });
}
