/** Opens an embedding by the name that the user gives it, and reads its vectors. */
import { CheckpointError } from '../../contract/errors';
import { MAX_TOKEN_CHARACTERS } from '../../contract/limits';
import { type AddOnKind, type AddOnOptions, chooseAddOn, openAddOn, sourceOfFile } from '../addOn';
import type { AddOnSource } from '../addOnSource';
import { blobSource } from '../checkpoint/reader';
import { embeddingError } from './error';
import { type EmbeddingFile, readEmbeddingFile } from './file';

const kind: AddOnKind = {
  component: 'embedding',
  field: 'embeddings',
  label: 'an embedding',
  // diffusers' own names, in its order
  usual: ['learned_embeds.safetensors', 'learned_embeds.bin'],
  files: /\.(safetensors|bin|pt)$/i,
  endings: '.safetensors, .bin and .pt',
  // 75 vectors for both of SDXL's encoders take 0.6 MB in 32 bits.
  maxBytes: 32e6,
};

export interface EmbeddingChoice {
  source: AddOnSource;
  /** Its word in the prompt; absent: the one that the file gives, or else the file's name. */
  token?: string | undefined;
}

export interface Embedding {
  /** Its name in errors. */
  name: string;
  token: string;
  /** Identifies its content. */
  digest: string;
  tables: EmbeddingFile['tables'];
}

/** The user's own file, as the request has it. */
export function embeddingChoice({
  source,
  token,
}: {
  source: string | File;
  token?: string | undefined;
}): EmbeddingChoice {
  return { source: sourceOfFile(source), token };
}

/**
 * @throws InputError (`embeddings`) if there is no such file, or a repository holds several and none was chosen
 * @throws CheckpointError (`embeddings`) if it is damaged or not an embedding; NetworkError, DeviceError as for models
 */
export async function openEmbedding(
  { source, token }: EmbeddingChoice,
  options: AddOnOptions,
): Promise<Embedding> {
  const name = typeof source === 'string' ? source : source.name;
  const { blob, digest, fileName } = await openAddOn(kind, source, options);
  const file = await readNamed(name, blob, options.connection.signal);
  return { name, digest, token: token ?? file.token ?? stemOf(name, fileName), tables: file.tables };
}

/** Each in turn. @throws as {@link openEmbedding} */
export async function openEmbeddings(
  choices: readonly EmbeddingChoice[],
  options: AddOnOptions,
): Promise<Embedding[]> {
  const opened = [];
  for (const choice of choices) opened.push(await openEmbedding(choice, options));
  return opened;
}

async function readNamed(name: string, blob: Blob, signal: AbortSignal): Promise<EmbeddingFile> {
  try {
    return await readEmbeddingFile(blobSource(name, blob), signal);
  } catch (error) {
    if (!(error instanceof CheckpointError) || error.field === 'embeddings') throw error;
    throw embeddingError(`embedding ${error.message}`, error);
  }
}

/** AUTOMATIC1111's name for embeddings without one. */
function stemOf(name: string, fileName: string): string {
  const stem = fileName.replace(/\.\w+$/, '').trim();
  if (stem !== '' && stem.length <= MAX_TOKEN_CHARACTERS) return stem;
  throw embeddingError(`embedding ${name}: it says no name for its word; give it one`);
}

/**
 * @param files of a repository or folder
 * @throws InputError (`embeddings`) listing the candidates if it is not clear which one is meant
 */
export function chooseEmbedding<File extends { path: string }>(source: string, files: readonly File[]): File {
  return chooseAddOn(kind, source, files);
}
