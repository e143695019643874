/** The small files of a checkpoint, and what reading it tells of. */
import { CheckpointError } from '../contract/errors';
import { MAX_JSON_BYTES } from '../contract/limits';
import { createTokenizer } from '../pipeline/conditioning/tokenizer';
import type { Tokenizer } from '../pipeline/model';
import { parseSchedulerConfig } from '../pipeline/schedulers/config';
import type { SchedulerConfig } from '../pipeline/schedulers/settings';
import { type CheckpointFiles, parseJsonFile, readRequired } from './files';

export type LoadProgress =
  | { stage: 'download' | 'merge'; file: string; loadedBytes: number; totalBytes: number }
  | { stage: 'compile'; component: string };

export interface LoadCall {
  signal: AbortSignal;
  onProgress(progress: LoadProgress): void;
}

export interface SmallFiles {
  /** @throws CheckpointError where the file is missing or no JSON */
  json(path: string): Promise<unknown>;
  optionalJson(path: string): Promise<unknown>;
  scheduler(): Promise<SchedulerConfig>;
  /** @param folder e.g. `tokenizer_2` */
  tokenizer(folder: string): Promise<Tokenizer>;
}

function tooLong({ name }: CheckpointFiles, path: string, { byteLength }: Uint8Array): CheckpointError {
  return new CheckpointError(
    `model "${name}": ${path} has ${byteLength} bytes, where ${MAX_JSON_BYTES} are the most that is read of a text; it is ` +
      'no file of Stable Diffusion: download the model again',
  );
}

/** @param call stops reading when its signal aborts */
export function smallFiles(files: CheckpointFiles, call: LoadCall): SmallFiles {
  const text = async (path: string): Promise<string> =>
    new TextDecoder().decode(await readRequired(files, path, { signal: call.signal }));
  const optionalText = async (path: string): Promise<string | undefined> => {
    const bytes = await files.read(path, { signal: call.signal });
    if (bytes !== undefined && bytes.byteLength > MAX_JSON_BYTES) throw tooLong(files, path, bytes);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  return {
    async json(path) {
      return parseJsonFile(files, path, await readRequired(files, path, { signal: call.signal }));
    },
    async optionalJson(path) {
      const bytes = await files.read(path, { signal: call.signal });
      return bytes === undefined ? undefined : parseJsonFile(files, path, bytes);
    },
    scheduler: async () => parseSchedulerConfig(await text('scheduler/scheduler_config.json')),
    async tokenizer(folder) {
      const read = (name: string) => optionalText(`${folder}/${name}`);
      const [vocab, merges, config] = [
        await read('vocab.json'),
        await read('merges.txt'),
        await read('tokenizer_config.json'),
      ];
      // What the configuration lists needs no other file; each that is asked for in vain is a request at an address.
      const isListed = config?.includes('"added_tokens_decoder"') ?? false;
      const specialTokens = isListed ? undefined : await read('special_tokens_map.json');
      const addedTokens = isListed ? undefined : await read('added_tokens.json');
      const hasPair = vocab !== undefined && merges !== undefined;
      const whole =
        hasPair && (isListed || addedTokens !== undefined) ? undefined : await read('tokenizer.json');
      if (!hasPair && whole === undefined) {
        throw new CheckpointError(
          `model "${files.name}": ${folder}/ has neither vocab.json with merges.txt nor tokenizer.json; name a Stable ` +
            'Diffusion model in the diffusers layout',
        );
      }
      return createTokenizer({ vocab, merges, whole, config, specialTokens, addedTokens });
    },
  };
}
