/** A checkpoint's small files: configurations and tokenizers, each read once. */
import { CheckpointError } from '../contract/errors';
import { MAX_JSON_BYTES } from '../contract/limits';
import { createTokenizer } from '../pipeline/conditioning/tokenizer';
import type { Tokenizer } from '../pipeline/model';
import { parseSchedulerConfig } from '../pipeline/schedulers/config';
import type { SchedulerConfig } from '../pipeline/schedulers/settings';
import { type CheckpointFiles, missingFile, parseJsonFile } from './files';

export type LoadProgress =
  | { stage: 'download' | 'merge'; file: string; loadedBytes: number; totalBytes: number }
  | { stage: 'compile'; component: string };

export interface LoadCall {
  signal: AbortSignal;
  onProgress(progress: LoadProgress): void;
}

export interface ConfigFiles {
  /** What errors call the model. */
  readonly name: string;
  /** @throws CheckpointError if the file is missing or is not JSON */
  json(path: string): Promise<unknown>;
  /** @returns undefined if there is no such file @throws CheckpointError if it is not JSON */
  optionalJson(path: string): Promise<unknown>;
  /** @returns undefined if there is no such file, or it cannot be read as JSON: the caller that needs it says so */
  lenientJson(path: string): Promise<unknown>;
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

/** @param signal ends reading, if it has one */
export function configFiles(files: CheckpointFiles, signal?: AbortSignal): ConfigFiles {
  const begun = new Map<string, Promise<Uint8Array<ArrayBuffer> | undefined>>();
  const read = (path: string) => {
    const bytes = begun.get(path) ?? files.read(path, { signal });
    begun.set(path, bytes);
    return bytes;
  };
  const required = async (path: string): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = await read(path);
    if (bytes === undefined) throw missingFile(files, path);
    return bytes;
  };
  const optionalText = async (path: string): Promise<string | undefined> => {
    const bytes = await read(path);
    if (bytes !== undefined && bytes.byteLength > MAX_JSON_BYTES) throw tooLong(files, path, bytes);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  return {
    name: files.name,
    json: async (path) => parseJsonFile(files, path, await required(path)),
    async optionalJson(path) {
      const bytes = await read(path);
      return bytes === undefined ? undefined : parseJsonFile(files, path, bytes);
    },
    async lenientJson(path) {
      const bytes = await read(path);
      if (bytes === undefined) return undefined;
      try {
        return JSON.parse(new TextDecoder().decode(bytes));
      } catch {
        return undefined;
      }
    },
    scheduler: async () =>
      parseSchedulerConfig(new TextDecoder().decode(await required('scheduler/scheduler_config.json'))),
    async tokenizer(folder) {
      const text = (name: string) => optionalText(`${folder}/${name}`);
      const [vocab, merges, config] = [
        await text('vocab.json'),
        await text('merges.txt'),
        await text('tokenizer_config.json'),
      ];
      // What the configuration lists needs no other file; each file asked for costs a request at a URL.
      const isListed = config?.includes('"added_tokens_decoder"') ?? false;
      const specialTokens = isListed ? undefined : await text('special_tokens_map.json');
      const addedTokens = isListed ? undefined : await text('added_tokens.json');
      const hasPair = vocab !== undefined && merges !== undefined;
      const whole =
        hasPair && (isListed || addedTokens !== undefined) ? undefined : await text('tokenizer.json');
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
