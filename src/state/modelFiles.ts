/** A person's own files as a model: which of them, under which paths, called what. */
export interface OwnModel {
  title: string;
  /** By path within the model; of a single file its name. */
  files: ReadonlyMap<string, File>;
}

const WEIGHTS = /\.(safetensors|ckpt|pt|pth|bin)$/i;

export function isWeights(name: string): boolean {
  return WEIGHTS.test(name);
}

/**
 * @param listed with their paths, the picked folder's own name in front; of a single file its name alone
 * @returns what is wrong with them as a sentence, where they are no model
 */
export function ownModel(listed: readonly { path: string; file: File }[]): OwnModel | string {
  const [first] = listed;
  if (first === undefined) return 'The folder is empty: open one that holds a model in the diffusers layout.';
  if (listed.length === 1 && !first.path.includes('/')) {
    if (!isWeights(first.path)) {
      return `${first.path} is no model: open a .safetensors or .ckpt file, or a folder in the diffusers layout.`;
    }
    return { title: first.path, files: new Map([[first.path, first.file]]) };
  }
  const root = rootOf(listed.map(({ path }) => path));
  if (root === undefined) {
    return (
      'The folder holds no model_index.json: open the folder of a model in the diffusers layout, ' +
      'or a single .safetensors or .ckpt file.'
    );
  }
  const inside = listed.filter(({ path }) => path.startsWith(root));
  const title = root.split('/').filter(Boolean).at(-1) ?? 'folder';
  return { title, files: new Map(inside.map(({ path, file }) => [path.slice(root.length), file])) };
}

/** The shallowest folder that holds a model, with its slash: downloads often lie one folder deeper. */
function rootOf(paths: readonly string[]): string | undefined {
  const roots = paths
    .filter((path) => path.split('/').at(-1) === 'model_index.json')
    .map((path) => path.slice(0, -'model_index.json'.length));
  return roots.sort((a, b) => a.length - b.length)[0];
}
