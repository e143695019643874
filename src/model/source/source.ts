/**
 * From a model's name to the list of its files: what there is, how large, with which digest. Nothing but
 * listings is fetched.
 */
import { HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { z } from 'zod';
import { fetchBounded, ReadError, SilenceError, TooLongError } from '../../engine/boundedRead';
import { CheckpointError, InputError, NetworkError } from '../../engine/errors';
import { MAX_JSON_BYTES } from '../../engine/limits';
import type { Connection, RemoteFile } from './download';
import { canonicalName, HUB_URL, type ModelName, parseModelName } from './modelName';
import { movedTo } from './moved';
import { nearestKnownId } from './suggest';

export interface Source {
  /** What the model is kept under: the same for every way to name it. */
  key: string;
  /** What the person typed. */
  name: string;
  /** Where the files really are, for people: the id after a move, or the address. */
  location: string;
  /** The commit that the listing belongs to; absent outside the Hub. */
  commit?: string;
  files: readonly RemoteFile[];
  /** The one file that the name leads to; absent where it leads to a repository or folder. */
  only?: string;
  /** As the Hub's page of it names it. */
  licence?: string;
  /** What a person should know, e.g. that the repository moved. */
  notes: readonly string[];
}

/** Files that a folder on a plain web server may have: it cannot be listed. */
const FOLDER_CANDIDATES: readonly [string, ...string[]] = [
  'model_index.json',
  'scheduler/scheduler_config.json',
  ...['tokenizer', 'tokenizer_2'].flatMap((folder) =>
    [
      'vocab.json',
      'merges.txt',
      'tokenizer.json',
      'tokenizer_config.json',
      'special_tokens_map.json',
      'added_tokens.json',
    ].map((name) => `${folder}/${name}`),
  ),
  ...['text_encoder', 'text_encoder_2'].flatMap((folder) =>
    ['config.json', 'model.fp16.safetensors', 'model.safetensors'].map((name) => `${folder}/${name}`),
  ),
  ...['unet', 'vae'].flatMap((folder) =>
    ['config.json', 'diffusion_pytorch_model.fp16.safetensors', 'diffusion_pytorch_model.safetensors'].map(
      (name) => `${folder}/${name}`,
    ),
  ),
];

/**
 * @param name an id with an optional `@revision`, or the address of a repository, a folder or a file
 * @throws InputError (`model_name`) where there is no such model, revision or file; (`hub_token`) where it is gated
 * @throws NetworkError where the server cannot be reached or does not answer as it should
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
          `model_name: there is no file at ${parsed.url}; check the address, which must lead to the file itself`,
        );
      return { key: parsed.url, name, location: parsed.url, files: [file], only: path, notes: [] };
    }
    case 'folder': {
      refuseMixedContent(parsed.url);
      const look = (path: string) => probe(path, new URL(path, parsed.url).href, connection);
      // One first: a server that does not answer is not asked for each of them.
      const [index, ...others] = FOLDER_CANDIDATES;
      const found = [await look(index)];
      for (let at = 0; at < others.length; at += ASKED_AT_ONCE) {
        found.push(...(await Promise.all(others.slice(at, at + ASKED_AT_ONCE).map(look))));
      }
      const files = found.filter((file) => file !== undefined);
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

/** As browsers do with one host. */
const ASKED_AT_ONCE = 6;

/** Browsers refuse it without saying so; their own machine they allow. */
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
 * A person's own files.
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
  // @huggingface/hub takes no others.
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
    // A renamed repository answers to its old name.
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

/** Files of a repository; published: some hundred. A listing may go on from page to page without end. */
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

/** `license` is one of the Hub's list; where that is "other", the author gives a name of their own. */
function licenceOf(card: unknown): { licence?: string } {
  const { license, license_name } = cardSchema.safeParse(card).data ?? {};
  const licence = license === 'other' ? (license_name ?? license) : license;
  return licence === undefined ? {} : { licence };
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** An error of the Hub together with what its headers say. */
class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly code: string | null,
  ) {
    super(`status ${status}`);
  }
}

const MAX_ATTEMPTS = 5;
/** A server that is silent for so long twice is not asked again: each time takes as long as all other attempts together. */
const MAX_SILENCES = 2;

/**
 * Asks again where that helps, keeps the token from every host but the hub's, and reads answers whole within the limits of
 * small files: they are listings and configurations.
 */
function politeFetch(connection: Connection): typeof fetch {
  const { signal, stallMs } = connection;
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    // A listing's "next" link is the server's own word: it may lead anywhere.
    if (url.origin !== connection.hubOrigin) headers.delete('Authorization');
    const limits = { signal, stallMs, what: url.href, maxBytes: MAX_JSON_BYTES };
    let silences = 0;
    for (let attempt = 1; ; attempt++) {
      const response = await fetchBounded(url.href, {
        ...limits,
        fetch: connection.fetch,
        init: { ...init, headers },
      }).catch((error: unknown) => {
        signal.throwIfAborted();
        // A server's own fetch refuses addresses: asking again would not help. Nor would it of what is too long.
        if (error instanceof InputError || error instanceof TooLongError) throw error;
        return error instanceof Error ? error : new Error(String(error));
      });
      if (!(response instanceof Error)) {
        const { bytes, response: answer } = response;
        if (answer.ok) return withBody(answer, bytes);
        const mayPass = answer.status === 429 || answer.status >= 500;
        if (!mayPass) throw new RefusedError(answer.status, answer.headers.get('X-Error-Code'));
      }
      if (response instanceof SilenceError) silences++;
      if (attempt === MAX_ATTEMPTS || silences === MAX_SILENCES) {
        const what =
          response instanceof Error
            ? `gave no answer (${response instanceof ReadError ? response.reason : response.message})`
            : `answered ${response.response.status}`;
        const advice = adviceOf(url, connection, response instanceof Error ? response : undefined);
        throw new NetworkError(`${url.host} ${what}, ${attempt} times in a row; ${advice}`);
      }
      const asked = response instanceof Error ? 0 : Number(response.response.headers.get('Retry-After') ?? 0);
      await connection.wait(
        Math.min(30_000, Math.max((asked || 0) * 1000, 500 * 2 ** (attempt - 1))),
        connection.signal,
      );
    }
  };
}

/** An answer whose body has been read. */
function withBody({ status, statusText, headers }: Response, bytes: Uint8Array<ArrayBuffer>): Response {
  return new Response(bytes.byteLength === 0 ? null : bytes, { status, statusText, headers });
}

/** @param error absent where the server did answer */
function adviceOf(url: URL, connection: Connection, error: Error | undefined): string {
  const usual = 'check the network and try again later';
  // A browser hides from the page whether it was the network or the server's rules.
  const mayBeRules = error !== undefined && globalThis.location !== undefined;
  if (!mayBeRules || url.origin === connection.hubOrigin) return usual;
  return (
    'check the address and the network; a server other than the Hub must allow pages of other origins to read its files ' +
    '(CORS): where it does not, save the file and open it from the disk'
  );
}

function gated(id: string, hubUrl: string): InputError {
  return new InputError(
    'hub_token',
    `model_name: ${id} is gated: accept its terms at ${hubUrl}/${id}, then enter a token of your account`,
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
    return new NetworkError(`${host} answered for ${id} with something that is no listing; try again later`);
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

/** Asks for a file's size, or, where it is small, for the file. @returns undefined where there is no such file */
export async function probe(
  path: string,
  url: string,
  connection: Connection,
): Promise<RemoteFile | undefined> {
  const isSmall = /\.(json|txt)$/.test(path);
  const response = await politeFetch(connection)(url, { method: isSmall ? 'GET' : 'HEAD' }).catch(
    (error: unknown) => {
      if (error instanceof RefusedError) return error;
      throw error;
    },
  );
  if (response instanceof RefusedError) {
    if (response.status === 404 || response.status === 410) return undefined;
    throw new NetworkError(`${url}: the server answered ${response.status}; check the address`);
  }
  // Some static hosts answer every unknown path with their start page.
  if (response.headers.get('Content-Type')?.startsWith('text/html')) {
    return undefined;
  }
  if (isSmall) {
    // Servers compress text: the length they give is not the file's.
    const blob = await response.blob();
    return { path, size: blob.size, at: { blob } };
  }
  const size = Number(response.headers.get('Content-Length') ?? Number.NaN);
  if (!Number.isSafeInteger(size) || response.headers.get('Content-Encoding') !== null) {
    throw new NetworkError(`${url}: the server does not say how large the file is; use another address`);
  }
  return { path, size, at: { url } };
}
