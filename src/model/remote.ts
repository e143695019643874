/** From a model's name to where its files are. */
import { InputError } from '../engine/errors';
import { type CheckpointFiles, httpFiles } from './files';

const HUB = 'https://huggingface.co/';

/** `owner/name`, with an optional `@revision`. */
const hubId = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/;

/**
 * @param name the URL of a folder in the diffusers layout, or a Hugging Face id with an optional `@revision`
 * @throws InputError where it is neither
 */
export function modelFiles(name: string): CheckpointFiles {
  if (/^https?:\/\//.test(name)) {
    if (/\.(safetensors|ckpt|bin|onnx)$/i.test(new URL(name).pathname)) {
      throw new InputError(
        'model_name',
        `model_name: ${name} is a single file; name the folder or repository of a model in the diffusers layout`,
      );
    }
    return httpFiles(name, name.endsWith('/') ? name : `${name}/`);
  }
  const [, id, revision = 'main'] = hubId.exec(name) ?? [];
  if (id === undefined) {
    throw new InputError(
      'model_name',
      `model_name: "${name}" is neither a folder, nor a URL, nor a Hugging Face id such as "owner/name"`,
    );
  }
  return httpFiles(name, `${HUB}${id}/resolve/${encodeURIComponent(revision)}/`);
}
