/** Keys of text encoders in the diffusers layout. */
import { CheckpointError } from '../../contract/errors';

/** What is at the top of transformers' CLIPTextModel, or within its `text_model`, depending on version and way of saving. */
const WITHIN = /^(embeddings|encoder|final_layer_norm)\./;

/**
 * A component's tensors under the keys that graphs read: transformers from 5.6 on saves a text encoder that was built, not
 * loaded, without the outer `text_model.`.
 * @param folder of the component, e.g. `text_encoder_2`
 * @param path what errors call the file
 */
export function diffusersKeys<Tensor>(
  folder: string,
  tensors: ReadonlyMap<string, Tensor>,
  path: string,
): ReadonlyMap<string, Tensor> {
  if (!folder.startsWith('text_encoder')) return tensors;
  const named = new Map<string, Tensor>();
  for (const [key, tensor] of tensors) {
    const full = WITHIN.test(key) ? `text_model.${key}` : key;
    if (named.has(full)) {
      throw new CheckpointError(`${path}: it holds "${full}" twice, with and without "text_model."`);
    }
    named.set(full, tensor);
  }
  return named;
}
