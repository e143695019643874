/** The small files of a checkpoint, and what reading it tells of. */
import type { SchedulerConfig, Tokenizer } from '../pipeline/components';
import { parseSchedulerConfig } from '../pipeline/schedulers/config';
import { createTokenizer } from '../pipeline/tokenizer';
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

/** @param call stops reading when its signal aborts */
export function smallFiles(files: CheckpointFiles, call: LoadCall): SmallFiles {
  const text = async (path: string): Promise<string> =>
    new TextDecoder().decode(await readRequired(files, path, { signal: call.signal }));
  const optionalText = async (path: string): Promise<string | undefined> => {
    const bytes = await files.read(path, { signal: call.signal });
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
    tokenizer: async (folder) =>
      createTokenizer({
        vocab: await text(`${folder}/vocab.json`),
        merges: await text(`${folder}/merges.txt`),
        config: await optionalText(`${folder}/tokenizer_config.json`),
        specialTokens: await optionalText(`${folder}/special_tokens_map.json`),
      }),
  };
}
