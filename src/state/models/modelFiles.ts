/** The user's own files as models: which files, under which paths, with which title. */
export interface OwnModel {
  title: string;
  /** By path within the model; a single file by its name. */
  files: ReadonlyMap<string, File>;
}

const WEIGHTS = /\.(safetensors|ckpt|pt|pth|bin)$/i;

export function isWeights(name: string): boolean {
  return WEIGHTS.test(name);
}

/** Weights of a single network, as in a diffusers folder. */
const OF_A_NETWORK = /^(diffusion_pytorch_model|pytorch_model|model)\b/;

/**
 * The models among the opened files. A folder has one for each model_index.json; without any, one for each single file
 * nearest to its top.
 * @param listed with their paths, which begin with the picked folder's name; a single file only has its name
 * @returns the one nearest to the top first; or, if there isn't one, what is wrong as a sentence
 */
export function ownModels(
  listed: readonly { path: string; file: File }[],
): readonly [OwnModel, ...OwnModel[]] | string {
  const [first] = listed;
  if (first === undefined) return 'The folder is empty. Open one that contains a diffusers model.';
  if (listed.length === 1 && !first.path.includes('/')) {
    if (!isWeights(first.path)) {
      return `${first.path} is not a model file. Open a .safetensors or .ckpt file, or a diffusers folder.`;
    }
    return [{ title: first.path, files: new Map([[first.path, first.file]]) }];
  }
  const [root, ...otherRoots] = rootsOf(listed.map(({ path }) => path));
  if (root !== undefined) {
    const roots = [root, ...otherRoots];
    const below = (start: string): OwnModel => {
      const inside = listed.filter(({ path }) => path.startsWith(start));
      const files = new Map(inside.map(({ path, file }) => [path.slice(start.length), file]));
      return { title: titleOfRoot(start, roots), files };
    };
    return [below(root), ...otherRoots.map(below)];
  }
  const [single, ...otherSingles] = singleFiles(listed);
  if (single !== undefined) return [single, ...otherSingles];
  return (
    'The folder has no model_index.json. Open the folder of a diffusers model, ' +
    'or a single .safetensors or .ckpt file.'
  );
}

const depthOf = (path: string): number => path.split('/').length;

function byDepth(a: string, b: string): number {
  return depthOf(a) - depthOf(b) || (a < b ? -1 : 1);
}

/** The folders with a model, with their slash, nearest to the top first: downloads are often one folder deeper. */
function rootsOf(paths: readonly string[]): string[] {
  return paths
    .filter((path) => path.split('/').at(-1) === 'model_index.json')
    .map((path) => path.slice(0, -'model_index.json'.length))
    .sort(byDepth);
}

/** The folder's own name; if others have the same, its path below the picked folder. */
function titleOfRoot(root: string, all: readonly string[]): string {
  const nameOf = (path: string) => path.split('/').at(-2) ?? 'folder';
  const isAlone = all.filter((other) => nameOf(other) === nameOf(root)).length === 1;
  return isAlone ? nameOf(root) : root.split('/').slice(1, -1).join('/') || nameOf(root);
}

function singleFiles(listed: readonly { path: string; file: File }[]): OwnModel[] {
  const nameOf = (path: string) => path.split('/').at(-1) ?? path;
  const found = listed
    .filter(({ path }) => /\.(safetensors|ckpt)$/i.test(path) && !OF_A_NETWORK.test(nameOf(path)))
    .sort((a, b) => byDepth(a.path, b.path));
  const nearest = found.filter(({ path }) => depthOf(path) === depthOf(found[0]?.path ?? ''));
  return nearest.map(({ path, file }) => ({ title: nameOf(path), files: new Map([[nameOf(path), file]]) }));
}
