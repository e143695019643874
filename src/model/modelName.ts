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
/** Revisions that the Hub itself names with slashes: pull requests, and what it converted. */
const HUB_REF = /^refs\/(?:pr|convert)\/[^/@]+/;
/** As {@link canonicalName} writes a file of a repository. */
const FILE_OF_ID = /^([\w.-]+\/[\w.-]+)(?:@(refs\/(?:pr|convert)\/[^/@]+|[^/@]+))?\/(.+)$/;
/** As people copy it from a browser's address line. */
const BARE_ADDRESS = /^(www\.)?(huggingface\.co|hf\.co)\//i;

/**
 * @param name `owner/name`, `owner/name@revision`, either with the path of a file behind it, or an address of a
 *   repository, a file or a folder
 * @throws InputError (`model_name`) where it is none of them
 */
export function parseModelName(name: string, hubUrl = HUB_URL): ModelName {
  const trimmed = name.trim().replace(/\/+$/, '');
  if (/^https?:\/\//i.test(trimmed)) return parseAddress(name.trim(), hubUrl);
  if (BARE_ADDRESS.test(trimmed)) return parseAddress(`https://${trimmed}`, hubUrl);
  const [, ofId = '', ofRevision = 'main', file = ''] = FILE_OF_ID.exec(trimmed) ?? [];
  if (WEIGHTS.test(file)) return { kind: 'hub', id: ofId, revision: decoded(ofRevision, name), file };
  const [id = '', revision, ...rest] = trimmed.split('@');
  if (!ID.test(id) || rest.length > 0 || revision === '') {
    throw new InputError(
      'model_name',
      `model_name: "${name}" is neither a Hugging Face id such as "owner/name" or "owner/name@revision", ` +
        'nor the address of a repository, a folder or a file',
    );
  }
  return { kind: 'hub', id, revision: decoded(revision ?? 'main', name) };
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
  const [owner = '', repo = '', view, ...behind] = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map((part) => decoded(part, address));
  // The Hub's own pages write slashes in a revision as %2F; where somebody did not, two kinds are known all the same.
  const ref = behind[0] === 'refs' ? HUB_REF.exec(behind.join('/'))?.[0] : undefined;
  const [revision, ...path] = ref === undefined ? behind : [ref, ...behind.slice(ref.split('/').length)];
  const id = `${owner}/${repo}`;
  if (!ID.test(id) || ['datasets', 'spaces', 'models', 'docs'].includes(owner)) {
    throw new InputError('model_name', `model_name: ${address} is not the address of a model on the Hub`);
  }
  const file = ['resolve', 'blob', 'raw'].includes(view ?? '') ? path.join('/') : '';
  return { kind: 'hub', id, revision: revision ?? 'main', ...(file === '' ? {} : { file }) };
}

/** @throws InputError where a percent sign begins no character */
function decoded(part: string, name: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new InputError(
      'model_name',
      `model_name: "${name}" has a percent sign that stands for no character`,
    );
  }
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
    revision === 'main' ? '' : `@${revisionInName(revision)}`,
    file === undefined ? '' : `/${file}`,
  ].join('');
}

/** Other slashes than those of the Hub's own revisions would look like the beginning of a file's path. */
function revisionInName(revision: string): string {
  const ref = HUB_REF.exec(revision)?.[0];
  return ref === revision ? revision : revision.replaceAll('%', '%25').replaceAll('/', '%2F');
}
