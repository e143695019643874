/** Which files in a component's folder hold its weights, if nothing can be listed: each is asked for by name. */
import { CheckpointError } from '../../contract/errors';
import type { Precision } from '../../graph/onnx/types';
import { parseShardIndex } from '../checkpoint/reader';
import { type CheckpointFiles, parseJsonFile, type ReadOptions } from '../files';

/** A file of weights and its bytes. */
export type ReadFile = [path: string, bytes: Uint8Array<ArrayBuffer>];

interface Form {
  /** One file with all of the weights. */
  file: string;
  /** What says which tensor is in which file. */
  indexes: readonly string[];
}

/**
 * The forms in which diffusers and transformers save a component, best first: safetensors before pickles, the wanted
 * precision before the other. Of an index with a variant there are two spellings (diffusers, `_add_variant`, put it last in
 * some versions).
 * @param stem `diffusion_pytorch_model` or `model`
 */
export function weightForms(stem: string, precision: Precision): Form[] {
  // transformers has other names for its pickles.
  const pickleStem = stem === 'model' ? 'pytorch_model' : stem;
  const variants = precision === 'fp16' ? ['fp16', ''] : ['', 'fp16'];
  return [[stem, 'safetensors'] as const, [pickleStem, 'bin'] as const].flatMap(([name, kind]) =>
    variants.map((variant): Form => {
      const plain = `${name}.${kind}`;
      if (variant === '') return { file: plain, indexes: [`${plain}.index.json`] };
      const named = `${name}.${variant}.${kind}`;
      return { file: named, indexes: [`${plain}.index.${variant}.json`, `${named}.index.json`] };
    }),
  );
}

/**
 * @param folder the component's folder, e.g. `unet`
 * @param stem file name without variant and extension: `diffusion_pytorch_model` or `model`
 * @throws CheckpointError if there are no weights, or a shard is missing
 */
export async function readWeightFiles(
  checkpoint: CheckpointFiles,
  folder: string,
  stem: string,
  precision: Precision,
  optionsOf: (path: string) => ReadOptions,
): Promise<ReadFile[]> {
  const forms = weightForms(stem, precision);
  const whole = async (kind: string): Promise<ReadFile[] | undefined> => {
    for (const { file } of forms.filter(({ file }) => file.endsWith(kind))) {
      const path = `${folder}/${file}`;
      const bytes = await checkpoint.read(path, optionsOf(path));
      if (bytes !== undefined) return [[path, bytes]];
    }
    return undefined;
  };
  const sharded = async (kind: string): Promise<ReadFile[] | undefined> => {
    for (const name of forms.filter(({ file }) => file.endsWith(kind)).flatMap(({ indexes }) => indexes)) {
      const path = `${folder}/${name}`;
      const bytes = await checkpoint.read(path, { signal: optionsOf(path).signal });
      if (bytes !== undefined) return readShards(checkpoint, folder, path, bytes, optionsOf);
    }
    return undefined;
  };
  for (const kind of ['.safetensors', '.bin']) {
    const found = (await whole(kind)) ?? (await sharded(kind));
    if (found !== undefined) return found;
  }
  throw new CheckpointError(
    `model "${checkpoint.name}": ${folder} has no weights that Inlay reads (looked for ` +
      `${forms.map(({ file }) => file).join(', ')}, and for an index of several files); complete the folder, or name another model`,
  );
}

async function readShards(
  checkpoint: CheckpointFiles,
  folder: string,
  indexPath: string,
  index: Uint8Array,
  optionsOf: (path: string) => ReadOptions,
): Promise<ReadFile[]> {
  const shards: ReadFile[] = [];
  const names = new Set(parseShardIndex(parseJsonFile(checkpoint, indexPath, index), indexPath).values());
  for (const name of names) {
    const path = `${folder}/${name}`;
    const bytes = await checkpoint.read(path, optionsOf(path));
    if (bytes === undefined) {
      throw new CheckpointError(
        `model "${checkpoint.name}": ${path} is missing though ${indexPath} names it; complete the folder`,
      );
    }
    shards.push([path, bytes]);
  }
  return shards;
}
