/** A model's folder on a plain web server: it cannot be listed, so each possible file is asked for. */
import type { WeightFolder } from '../blueprint';
import { parseShardIndex } from '../checkpoint/reader';
import { tokenizerFiles, tokenizerFolders, weightFolders } from '../families';
import { parseJsonFile } from '../files';
import { weightForms } from '../weights/weightFiles';
import type { Connection, RemoteFile } from './download';
import { probe } from './hubRequests';

/** As many as browsers use for one host. */
const ASKED_AT_ONCE = 6;

/** Files of nearly every model. */
const usualFiles: readonly [string, ...string[]] = [
  'model_index.json',
  'scheduler/scheduler_config.json',
  ...tokenizerFolders.flatMap((folder) => tokenizerFiles.map((name) => `${folder}/${name}`)),
  ...weightFolders.flatMap(({ folder, stem }) =>
    ['config.json', `${stem}.fp16.safetensors`, `${stem}.safetensors`].map((name) => `${folder}/${name}`),
  ),
];

/** Other forms of weights, for networks whose safetensors are split, or that have none. */
function otherForms({ folder, stem }: WeightFolder): string[] {
  const forms = weightForms(stem, 'fp16');
  return forms
    .flatMap(({ file, indexes }) => (file.endsWith('.bin') ? [file, ...indexes] : indexes))
    .map((name) => `${folder}/${name}`);
}

/** @throws CheckpointError if the index is damaged */
async function shardsOf(url: string, index: RemoteFile): Promise<string[]> {
  if (!('blob' in index.at)) return [];
  const folder = index.path.slice(0, index.path.indexOf('/') + 1);
  const bytes = new Uint8Array(await index.at.blob.arrayBuffer());
  const map = parseShardIndex(parseJsonFile({ name: url }, index.path, bytes), index.path);
  return [...new Set(map.values())].map((name) => folder + name);
}

/** The contents of a folder at a URL, which cannot be listed. */
export async function filesOfFolder(url: string, connection: Connection): Promise<RemoteFile[]> {
  const look = (path: string) => probe(path, new URL(path, url).href, connection);
  const found: RemoteFile[] = [];
  const lookFor = async (paths: readonly string[]) => {
    for (let at = 0; at < paths.length; at += ASKED_AT_ONCE) {
      const files = await Promise.all(paths.slice(at, at + ASKED_AT_ONCE).map(look));
      found.push(...files.filter((file) => file !== undefined));
    }
  };
  // One first: if the server does not answer, the others are not tried.
  const [index, ...others] = usualFiles;
  await lookFor([index]);
  await lookFor(others);
  const lacking = weightFolders.filter(
    ({ folder }) =>
      found.some(({ path }) => path === `${folder}/config.json`) &&
      !found.some(({ path }) => path.startsWith(`${folder}/`) && path.endsWith('.safetensors')),
  );
  await lookFor(lacking.flatMap(otherForms));
  const indexes = found.filter(({ path }) => path.endsWith('.json') && /\.index\./.test(path));
  for (const index of indexes) await lookFor(await shardsOf(url, index));
  return found.filter((file) => !indexes.includes(file));
}
