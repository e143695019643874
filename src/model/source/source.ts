/** From a model's name to the list of its files, with sizes and digests. Only listings are fetched. */
import { HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { z } from 'zod';
import { CheckpointError, InputError, NetworkError } from '../../contract/errors';
import type { Connection, RemoteFile } from './download';
import { politeFetch, probe, RefusedError } from './hubRequests';
import { canonicalName, HUB_URL, type ModelName, parseModelName } from './modelName';
import { movedTo } from './movedRepositories';
import { nearestKnownId } from './nameSuggestions';
import { filesOfFolder } from './webFolder';

export interface Source {
  /** The model's key in the store: the same for every way to name it. */
  key: string;
  /** What the user typed. */
  name: string;
  /** Where the files really are, for the user: the id after a move, or the URL. */
  location: string;
  /** The commit that the listing belongs to; absent outside the Hub. */
  commit?: string;
  files: readonly RemoteFile[];
  /** The only file that the name leads to; absent if it leads to a repository or folder. */
  only?: string;
  /** Its name on its Hub page. */
  licence?: string;
  /** What the user should know, e.g. that the repository moved. */
  notes: readonly string[];
}

/**
 * @param name an id with an optional `@revision`, or the URL of a repository, a folder or a file
 * @throws InputError (`model_name`) if there is no such model, revision or file; (`hub_token`) if it is gated
 * @throws NetworkError if the server cannot be reached or does not answer as it should
 */
export async function findModel(name: string, connection: Connection, hubUrl = HUB_URL): Promise<Source> {
  const parsed = parseModelName(name, hubUrl);
  switch (parsed.kind) {
    case 'hub':
      return hubSource(name, parsed, connection, hubUrl.replace(/\/$/, ''));
    case 'file': {
      refuseMixedContent(parsed.url);
      const path = decodeURIComponent(new URL(parsed.url).pathname.split('/').at(-1) ?? '');
      const file = await probe(path, parsed.url, connection);
      if (file === undefined)
        throw new InputError(
          'model_name',
          `model_name: there is no file at ${parsed.url}; check the URL, which must lead to the file itself`,
        );
      return { key: parsed.url, name, location: parsed.url, files: [file], only: path, notes: [] };
    }
    case 'folder': {
      refuseMixedContent(parsed.url);
      const files = await filesOfFolder(parsed.url, connection);
      if (files.length === 0) {
        throw new InputError(
          'model_name',
          `model_name: ${parsed.url} holds no model in the diffusers layout: its model_index.json is not there; name such ` +
            'a folder, or the address of a .safetensors or .ckpt file itself',
        );
      }
      return { key: parsed.url, name, location: parsed.url, files, notes: [] };
    }
    default:
      throw new TypeError(`unknown kind of name ${parsed satisfies never}`);
  }
}

/** Browsers block it without saying so; the user's own device they allow. */
function refuseMixedContent(address: string): void {
  const { protocol, hostname } = new URL(address);
  const isLocal = hostname === 'localhost' || hostname === '127.0.0.1' || hostname.endsWith('.localhost');
  if (protocol !== 'http:' || isLocal || globalThis.location?.protocol !== 'https:') return;
  throw new InputError(
    'model_name',
    `model_name: ${address} begins with http:, which a page from an https: address may not read; use the server’s https: ` +
      'address, or save the file and open it from the disk',
  );
}

/**
 * The user's own files.
 * @param files by path within the model; of a single file the path is its name
 */
export function localModel(name: string, files: ReadonlyMap<string, Blob>): Source {
  const listed = [...files].map(([path, blob]): RemoteFile => ({ path, size: blob.size, at: { blob } }));
  const [first] = listed;
  if (first === undefined) throw new CheckpointError(`${name}: the folder is empty`);
  const versions = [...files].map(
    ([path, blob]) => `${path} ${blob.size} ${blob instanceof File ? blob.lastModified : ''}`,
  );
  return {
    key: [name, ...versions.sort()].join('\n'),
    name,
    location: name,
    files: listed,
    notes: [],
    ...(files.size === 1 ? { only: first.path } : {}),
  };
}

async function hubSource(
  name: string,
  { id: asked, revision, file }: Extract<ModelName, { kind: 'hub' }>,
  connection: Connection,
  hubUrl: string,
): Promise<Source> {
  const id = movedTo(asked) ?? asked;
  // @huggingface/hub accepts only these.
  if (connection.token !== undefined && !connection.token.startsWith('hf_')) {
    throw new InputError(
      'hub_token',
      `the token does not begin with "hf_", as the Hub's do; copy it whole from ${hubUrl}/settings/tokens, or forget it`,
    );
  }
  const hub = {
    hubUrl,
    fetch: politeFetch(connection),
    ...(connection.token ? { accessToken: connection.token } : {}),
  };
  try {
    const info = await modelInfo({ name: id, revision, additionalFields: ['sha', 'cardData'], ...hub });
    if (info.gated !== false && connection.token === undefined) throw gated(id, hubUrl);
    const files: RemoteFile[] = [];
    for await (const entry of listFiles({ repo: id, revision: info.sha, recursive: true, ...hub })) {
      if (entry.type !== 'file') continue;
      if (files.length === MAX_FILES) throw tooManyFiles(id);
      files.push({
        path: entry.path,
        size: entry.lfs?.size ?? entry.size,
        at: { url: `${hubUrl}/${id}/resolve/${info.sha}/${encodePath(entry.path)}` },
        ...(entry.lfs === undefined ? { gitOid: entry.oid } : { sha256: entry.lfs.oid }),
      });
    }
    if (file !== undefined && !files.some(({ path }) => path === file)) {
      throw noFile(id, file, revision, files);
    }
    // A renamed repository still answers to its old name.
    const location = info.name;
    const notes = [
      ...(id === asked ? [] : [`${asked} was removed from the Hub; its files come from ${id}`]),
      ...(location === id ? [] : [`${id} is called ${location} now`]),
    ];
    return {
      key: canonicalName(name, hubUrl),
      name,
      location,
      commit: info.sha,
      files,
      notes,
      ...licenceOf(info.cardData),
      ...(file === undefined ? {} : { only: file }),
    };
  } catch (error) {
    throw explain(error, id, revision, connection, hubUrl);
  }
}

/** Files of a repository; published: some hundred. A listing may continue from page to page without end. */
const MAX_FILES = 20_000;

function tooManyFiles(id: string): CheckpointError {
  return new CheckpointError(
    `model "${id}": it has more than ${MAX_FILES} files, which no model has; name the one file that is meant, by its address`,
  );
}

function noFile(id: string, file: string, revision: string, files: readonly RemoteFile[]): InputError {
  const others = files.map(({ path }) => path).filter((path) => /\.(safetensors|ckpt)$/.test(path));
  const some = others.length > 6 ? [...others.slice(0, 6), `${others.length - 6} more`] : others;
  const there = some.length === 0 ? 'it has no .safetensors or .ckpt file' : `it has ${some.join(', ')}`;
  return new InputError(
    'model_name',
    `model_name: ${id} has no file "${file}" at revision "${revision}"; ${there}`,
  );
}

const cardSchema = z.object({
  license: z.union([z.string(), z.array(z.string()).transform((several) => several.join(', '))]).optional(),
  license_name: z.string().optional(),
});

/** `license` is one of the Hub's list; if it is "other", the author gives its own name. */
function licenceOf(card: unknown): { licence?: string } {
  const { license, license_name } = cardSchema.safeParse(card).data ?? {};
  const licence = license === 'other' ? (license_name ?? license) : license;
  return licence === undefined ? {} : { licence };
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function gated(id: string, hubUrl: string): InputError {
  return new InputError(
    'hub_token',
    `model_name: ${id} is gated: accept its terms at ${hubUrl}/${id}, then enter an access token from your account`,
  );
}

function explain(
  error: unknown,
  id: string,
  revision: string,
  connection: Connection,
  hubUrl: string,
): unknown {
  const host = new URL(hubUrl).host;
  if (error instanceof HubApiError)
    return new NetworkError(`${host} answered ${error.statusCode} for ${id}; try again later`);
  if (error instanceof SyntaxError || error instanceof TypeError) {
    return new NetworkError(`${host} sent an unexpected reply for ${id}; try again later`);
  }
  if (!(error instanceof RefusedError)) return error;
  if (error.code === 'GatedRepo') return gated(id, hubUrl);
  if (error.code === 'RevisionNotFound') {
    return new InputError(
      'model_name',
      `model_name: ${id} has no revision "${revision}"; leave it out for the newest, or look them up at ${hubUrl}/${id}/tree/main`,
    );
  }
  if (error.status === 401 && connection.token !== undefined && error.code !== 'RepoNotFound') {
    return new InputError(
      'hub_token',
      `${host} refused the token; enter another one, or none for public models`,
    );
  }
  if (error.status === 401 || error.status === 403 || error.status === 404) {
    const nearest = nearestKnownId(id);
    const meant =
      nearest === undefined ? 'check owner and name for a typing error.' : `did you mean "${nearest}"?`;
    const mayBePrivate = connection.token === undefined;
    const privacy = mayBePrivate ? ' If it is private, enter a token that may read it.' : '';
    return new InputError(
      'model_name',
      `model_name: there is no model "${id}" on ${host}: ${meant}${privacy}`,
      mayBePrivate,
    );
  }
  return new NetworkError(`${host} answered ${error.status} for ${id}; try again later`);
}
