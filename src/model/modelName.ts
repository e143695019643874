/** What a person may call a model, told apart by form alone. */
import { InputError } from '../engine/errors';
import { movedTo } from './moved';

export const HUB_URL = 'https://huggingface.co';
const HUB_HOSTS = ['huggingface.co', 'www.huggingface.co', 'hf.co'];

export type ModelName =
  /** A repository of the Hub; `file` where one of its files was named. */
  | { kind: 'hub'; id: string; revision: string; file?: string }
  /** Any other address of a single file of weights. */
  | { kind: 'file'; url: string }
  /** Any other address: a folder in the diffusers layout. Ends with a slash. */
  | { kind: 'folder'; url: string };

/** Before the name of a person's own file or folder, which leads nowhere but into this machine's storage. */
const OWN = 'disk:';

export function ownName(title: string): string {
  return `${OWN}${title}`;
}

export function isOwnName(name: string): boolean {
  return name.trim().startsWith(OWN);
}

const ID = /^[\w.-]+\/[\w.-]+$/;
const WEIGHTS = /\.(safetensors|ckpt|pt|pth|bin|onnx)$/i;
/** As {@link canonicalName} writes a file of a repository. */
const FILE_OF_ID = /^([\w.-]+\/[\w.-]+)(?:@([^/@]+))?\/(.+)$/;

/**
 * @param name `owner/name`, `owner/name@revision`, either with the path of a file behind it, or an address of a
 *   repository, a file or a folder
 * @throws InputError (`model_name`) where it is none of them
 */
export function parseModelName(name: string, hubUrl = HUB_URL): ModelName {
  const trimmed = name.trim();
  if (/^https?:\/\//i.test(trimmed)) return parseAddress(trimmed, hubUrl);
  const [, ofId = '', ofRevision = 'main', file = ''] = FILE_OF_ID.exec(trimmed) ?? [];
  if (WEIGHTS.test(file)) return { kind: 'hub', id: ofId, revision: ofRevision, file };
  const [id = '', revision, ...rest] = trimmed.split('@');
  if (!ID.test(id) || rest.length > 0 || revision === '') {
    throw new InputError(
      'model_name',
      `model_name: "${name}" is neither a Hugging Face id such as "owner/name" or "owner/name@revision", ` +
        'nor the address of a repository, a folder or a file',
    );
  }
  return { kind: 'hub', id, revision: revision ?? 'main' };
}

function parseAddress(address: string, hubUrl: string): ModelName {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new InputError('model_name', `model_name: "${address}" is no address`);
  }
  if (url.origin !== new URL(hubUrl).origin && !HUB_HOSTS.includes(url.hostname)) {
    if (WEIGHTS.test(url.pathname)) return { kind: 'file', url: url.href };
    const folder = new URL(url);
    folder.search = '';
    folder.hash = '';
    if (!folder.pathname.endsWith('/')) folder.pathname += '/';
    return { kind: 'folder', url: folder.href };
  }
  const [owner = '', repo = '', view, revision, ...path] = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const id = `${owner}/${repo}`;
  if (!ID.test(id) || ['datasets', 'spaces', 'models', 'docs'].includes(owner)) {
    throw new InputError('model_name', `model_name: ${address} is not the address of a model on the Hub`);
  }
  const file = ['resolve', 'blob', 'raw'].includes(view ?? '') ? path.join('/') : '';
  return { kind: 'hub', id, revision: revision ?? 'main', ...(file === '' ? {} : { file }) };
}

/**
 * One name for all that a model may be called, found without a network.
 * @throws InputError as {@link parseModelName}
 */
export function canonicalName(name: string, hubUrl = HUB_URL): string {
  const parsed = parseModelName(name, hubUrl);
  if (parsed.kind !== 'hub') return parsed.url;
  const { id, revision, file } = parsed;
  return [
    movedTo(id) ?? id,
    revision === 'main' ? '' : `@${revision}`,
    file === undefined ? '' : `/${file}`,
  ].join('');
}
