/** What the user may enter as a model, told apart only by form. */
import { InputError } from '../../contract/errors';
import { MAX_NAME_CHARACTERS } from '../../contract/limits';
import { movedTo } from './movedRepositories';
import { knownIdCalled } from './nameSuggestions';

export const HUB_URL = 'https://huggingface.co';
const HUB_HOSTS = ['huggingface.co', 'www.huggingface.co', 'hf.co'];

export type ModelName =
  /** A Hub repository; `file` if one of its files was named. */
  | { kind: 'hub'; id: string; revision: string; file?: string }
  /** The URL of a single weights file elsewhere. */
  | { kind: 'file'; url: string }
  /** Any other URL: a folder in the diffusers layout. Ends with a slash. */
  | { kind: 'folder'; url: string };

/** Precedes the name of the user's own file or folder, which refers only to this device's storage. */
const OWN = 'disk:';

/** @param title of the user's own file or folder @returns its name as a model */
export function ownName(title: string): string {
  return `${OWN}${title}`;
}

/** Whether a name means the user's own file or folder. */
export function isOwnName(name: string): boolean {
  return name.trim().startsWith(OWN);
}

const ID = /^[\w.-]+\/[\w.-]+$/;
const WEIGHTS = /\.(safetensors|ckpt|pt|pth|bin|onnx)$/i;
/** Revisions that the Hub itself names with slashes: pull requests and its own conversions. */
const HUB_REF = /^refs\/(?:pr|convert)\/[^/@]+/;
/** As {@link canonicalName} writes a file of a repository. */
const FILE_OF_ID = /^([\w.-]+\/[\w.-]+)(?:@(refs\/(?:pr|convert)\/[^/@]+|[^/@]+))?\/(.+)$/;
/** Parts of a repository's URL that are followed by a revision; discussions, settings and others are not. */
const VIEWS_OF_A_REVISION = ['tree', 'blob', 'resolve', 'raw', 'blame', 'edit', 'commit', 'commits'];
const PATH_OF_A_VIEW = /^[\w.-]+\/[\w.-]+\/(tree|blob|resolve|raw|commit)\/./;
const PATH_ON_A_DISK = /^([a-z]:[\\/]|[\\/~]|\.{1,2}[\\/]|file:)/i;
const VIEWS_OF_A_FILE = ['blob', 'resolve', 'raw', 'blame', 'edit'];
/** The Hub's other pages, by the first part of their URLs. */
const NO_MODELS: ReadonlyMap<string, string> = new Map([
  ['datasets', 'a data set'],
  ['spaces', 'a Space, which is an app'],
  ['collections', 'a collection'],
  ['papers', 'a paper'],
  ['blog', 'an article'],
  ['docs', 'the documentation'],
  ['models', 'a list of models'],
  ['organizations', 'an organisation'],
]);
/** Files beside weights or in place of them: no folder has such a name. */
const NO_WEIGHTS = /\.(gguf|zip|7z|rar|json|ya?ml|txt|md|png|jpe?g|webp)$/i;
const MODEL_INDEX = /(^|\/)model_index\.json$/;
/** As copied from a program or a sentence. */
const OPENING_QUOTES = `"'\`<“‘«`;
const CLOSING_QUOTES = `"'\`>”’»`;
/** As copied from a browser's address bar. */
const CIVITAI_ADDRESS = /^(www\.)?civitai\.com\//i;
const BARE_ADDRESS = /^(www\.)?(huggingface\.co|hf\.co)\//i;

/**
 * @param name `owner/name`, `owner/name@revision`, either with the path of a file behind it, or the URL of a repository, a
 * file or a folder
 * @throws InputError (`model_name`) if it is none of them
 */
export function parseModelName(name: string, hubUrl = HUB_URL): ModelName {
  refuseLong(name);
  const trimmed = bareName(name).replace(/^(https?):\/*/i, '$1://');
  if (/^https?:\/\//i.test(trimmed)) return parseAddress(trimmed, hubUrl);
  if (CIVITAI_ADDRESS.test(trimmed)) throw civitai();
  if (BARE_ADDRESS.test(trimmed)) return parseAddress(`https://${trimmed}`, hubUrl);
  // A URL without its host.
  if (PATH_OF_A_VIEW.test(trimmed) && !climbs(trimmed))
    return parseAddress(new URL(trimmed, hubUrl).href, hubUrl);
  const [, ofId = '', ofRevision = 'main', file = ''] = FILE_OF_ID.exec(trimmed) ?? [];
  if (WEIGHTS.test(file) && !climbs(ofId) && !climbs(file)) {
    return { kind: 'hub', id: ofId, revision: checkedRevision(decoded(ofRevision, name), name), file };
  }
  if (NO_WEIGHTS.test(file)) throw noWeights(file, ofId);
  const [id = '', revision, ...rest] = trimmed.split('@');
  if (!isId(id) || rest.length > 0 || revision === '') {
    throw notAName(name, trimmed);
  }
  return { kind: 'hub', id, revision: checkedRevision(decoded(revision ?? 'main', name), name) };
}

/** `owner/name` as the Hub writes them. */
function isId(id: string): boolean {
  return ID.test(id) && !climbs(id);
}

/** Whether a path segment consists only of dots: in a URL it leads elsewhere, and nothing has such a name. */
function climbs(path: string): boolean {
  return path.split(/[\\/]/).some((part) => /^\.+$/.test(part));
}

/** @throws InputError if git has no such name: it would lead a request to another URL */
function checkedRevision(revision: string, name: string): string {
  if (!climbs(revision) && !/[\\\s?*[~^:]/.test(revision)) return revision;
  throw new InputError(
    'model_name',
    `model_name: "${name}": "${revision}" is not a revision; name a branch, a tag or a commit, as in "owner/name@main"`,
  );
}

/** @throws InputError if a name is longer than any URL */
function refuseLong(name: string): void {
  if (name.length <= MAX_NAME_CHARACTERS) return;
  throw new InputError(
    'model_name',
    `model_name: the name has ${name.length} characters, where at most ${MAX_NAME_CHARACTERS} are taken; give the ` +
      'model\'s id, such as "owner/name", or its plain address',
  );
}

/** A name without what was copied along: spaces, quotes, slashes at its end. Regular expressions would be quadratic here. */
export function bareName(name: string): string {
  return withoutSlashes(trimmedOf(name.trim(), OPENING_QUOTES, CLOSING_QUOTES).trim());
}

/** Without the characters of `opening` at its beginning and those of `closing` at its end. */
function trimmedOf(text: string, opening: string, closing: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && opening.includes(text.charAt(start))) start++;
  while (end > start && closing.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function withoutSlashes(text: string): string {
  return trimmedOf(text, '', '/');
}

/** Hosts whose pages name models but whose files no page of another origin may read. */
export function isOfCivitai({ hostname }: URL): boolean {
  return /(^|\.)civitai\.com$/.test(hostname);
}

export function civitai(): InputError {
  return new InputError(
    'model_name',
    'model_name: Civitai lets no other page read its models: download the file there and drop it here (on the command ' +
      'line, give its path)',
  );
}

function notAName(name: string, trimmed: string): InputError {
  if (PATH_ON_A_DISK.test(trimmed)) {
    return new InputError(
      'model_name',
      `model_name: "${name}" looks like a path on a disk: on the page, open the file or folder itself or drop it there; on ` +
        'the command line, check that it exists',
    );
  }
  const meant = knownIdCalled(trimmed);
  return new InputError(
    'model_name',
    `model_name: "${name}" is neither a Hugging Face id such as "owner/name" or "owner/name@revision", ` +
      `nor the address of a repository, a folder or a file${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
  );
}

function parseAddress(address: string, hubUrl: string): ModelName {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new InputError(
      'model_name',
      `model_name: "${address}" is not a URL; check it, or name a Hugging Face id`,
    );
  }
  if (isOfCivitai(url) && url.pathname.startsWith('/models')) throw civitai();
  if (url.origin !== new URL(hubUrl).origin && !HUB_HOSTS.includes(url.hostname)) return elsewhere(url);
  const [owner = '', repo = '', view = '', ...behind] = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map((part) => decoded(part, address));
  const id = `${owner}/${repo}`;
  const page = NO_MODELS.get(owner) ?? (repo === '' && owner !== '' ? 'the page of an account' : undefined);
  if (!isId(id) || page !== undefined) {
    throw new InputError(
      'model_name',
      `model_name: ${address} leads to ${page ?? 'no model'}; open a model’s own page on the Hub and copy its address, ` +
        'or its id, such as "owner/name"',
    );
  }
  // The Hub's own pages write slashes in a revision as %2F; two kinds are recognised without that.
  const ref = behind[0] === 'refs' ? HUB_REF.exec(behind.join('/'))?.[0] : undefined;
  const [first, ...path] = ref === undefined ? behind : [ref, ...behind.slice(ref.split('/').length)];
  const revision = checkedRevision((VIEWS_OF_A_REVISION.includes(view) && first) || 'main', address);
  const file = VIEWS_OF_A_FILE.includes(view) ? path.join('/') : '';
  // That file's page is where many people look at a model: it means the whole model.
  if (file === '' || file === 'model_index.json') return { kind: 'hub', id, revision };
  if (!WEIGHTS.test(file) || climbs(file)) throw noWeights(file, id);
  return { kind: 'hub', id, revision, file };
}

/** A URL on a host that is not a hub. */
function elsewhere(url: URL): ModelName {
  decoded(url.pathname, url.href);
  const path = withoutSlashes(url.pathname);
  if (WEIGHTS.test(path)) {
    const file = new URL(url);
    file.pathname = path;
    return { kind: 'file', url: file.href };
  }
  const folder = new URL(url);
  folder.pathname = path.replace(MODEL_INDEX, '');
  if (NO_WEIGHTS.test(folder.pathname)) throw noWeights(folder.href);
  folder.search = '';
  folder.hash = '';
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return { kind: 'folder', url: folder.href };
}

/** @param id of the repository that has the file */
function noWeights(file: string, id?: string): InputError {
  if (/\.gguf$/i.test(file)) {
    return new InputError(
      'model_name',
      `model_name: ${file} is a GGUF file, whose quantised weights are not supported; use a .safetensors file of this model`,
    );
  }
  const whole = id === undefined ? 'a folder in the diffusers layout' : `the repository "${id}" as a whole`;
  return new InputError(
    'model_name',
    `model_name: ${file} is not a file of weights; name one (.safetensors, .ckpt, .pt or .bin), or ${whole}`,
  );
}

/** @throws InputError if a percent sign begins no character */
function decoded(part: string, name: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new InputError(
      'model_name',
      `model_name: "${name}" has a percent sign that stands for no character; copy the address again`,
    );
  }
}

/**
 * One name for all the ways to name a model, found without a network.
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

/** Slashes other than in the Hub's own revisions would look like the beginning of a file's path. */
function revisionInName(revision: string): string {
  const ref = HUB_REF.exec(revision)?.[0];
  return ref === revision ? revision : revision.replaceAll('%', '%25').replaceAll('/', '%2F');
}
