/**
 * A local hub that answers a browser as the Hugging Face Hub does: model info, listings with `Link` paging, paths-info,
 * `resolve` with 307 for small files and 302 to another origin with expiring URLs for large ones, ranges, 401 and 404 with
 * `X-Error-Code`, CORS. It misbehaves on request.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FaultInput, Faults, faultOf } from './faults';
import type { HubFile, HubRepo } from './files';
import { allowOrigin, redirect, sendError, sendFile, sendJson } from './respond';

export interface HubOptions {
  repos: readonly HubRepo[];
  faults?: readonly FaultInput[];
  /** Old id → new id: answered with a redirect, as for renamed repositories. */
  moved?: Readonly<Record<string, string>>;
  /** 0 where absent: any free port. */
  port?: number;
  /** Seconds that the address of a large file is good for. */
  addressSeconds?: number;
  /** Entries on a page of the listing. */
  pageSize?: number;
}

export interface LoggedRequest {
  origin: 'hub' | 'content';
  method: string;
  /** Path and query. */
  url: string;
  range: string | undefined;
  authorization: string | undefined;
  /** 0 while unanswered. */
  status: number;
}

export interface Hub {
  /** Without a trailing slash. */
  readonly url: string;
  /** The origin that large files come from. It also serves `/plain/{repo}/{path}`, as any web server would. */
  readonly contentUrl: string;
  readonly log: LoggedRequest[];
  readonly faults: Faults;
  /** Puts a new commit on a branch, `main` where none is named; earlier commits stay readable by their ids. */
  commit(id: string, files: readonly HubFile[], branch?: string): void;
  close(): Promise<void>;
}

interface Revision {
  commit: string;
  files: readonly HubFile[];
}

interface Held extends HubRepo {
  /** By commit id and by branch. */
  revisions: Map<string, Revision>;
}

export async function startHub(options: HubOptions): Promise<Hub> {
  const faults = new Faults(options.faults);
  const log: LoggedRequest[] = [];
  const state = new State(options);
  const content = await listen(
    logged('content', log, (request, response) => serveContent(state, faults, request, response)),
    0,
  );
  state.contentUrl = content.url;
  const hub = await listen(
    logged('hub', log, (request, response) => serveHub(state, faults, log, request, response)),
    options.port ?? 0,
  );
  state.url = hub.url;
  return {
    url: hub.url,
    contentUrl: content.url,
    log,
    faults,
    commit: (id, files, branch) => state.commit(id, files, branch),
    async close() {
      await Promise.all([hub, content].map(({ server }) => closeServer(server)));
    },
  };
}

class State {
  readonly repos = new Map<string, Held>();
  readonly moved: Readonly<Record<string, string>>;
  readonly pageSize: number;
  readonly addressSeconds: number;
  /** Signature → what it opens. */
  readonly addresses = new Map<string, { file: HubFile; expires: number }>();
  url = '';
  contentUrl = '';

  constructor({ repos, moved = {}, pageSize = 1000, addressSeconds = 3600 }: HubOptions) {
    this.moved = moved;
    this.pageSize = pageSize;
    this.addressSeconds = addressSeconds;
    for (const repo of repos) {
      this.repos.set(repo.id, { ...repo, revisions: new Map() });
      this.commit(repo.id, repo.files);
    }
  }

  commit(id: string, files: readonly HubFile[], branch = 'main'): void {
    const held = this.repos.get(id);
    if (held === undefined) throw new Error(`no repository ${id}`);
    const commit = createHash('sha1').update(`${id} ${held.revisions.size}`).digest('hex');
    const revision = { commit, files };
    held.revisions.set(commit, revision).set(branch, revision);
    if (branch === 'main') held.revisions.set('HEAD', revision);
  }

  /** @returns the address, on the other origin, that a large file can be had from for a while */
  sign(file: HubFile, oid: string, expired: boolean): string {
    const signature = randomBytes(12).toString('hex');
    const expires = Math.floor(Date.now() / 1000) + (expired ? -1 : this.addressSeconds);
    this.addresses.set(signature, { file, expires });
    return `${this.contentUrl}/repos/${oid}?Expires=${expires}&Signature=${signature}`;
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

function logged(origin: 'hub' | 'content', log: LoggedRequest[], handler: Handler): Handler {
  return async (request, response) => {
    const entry: LoggedRequest = {
      origin,
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      range: request.headers.range,
      authorization: request.headers.authorization,
      status: 0,
    };
    log.push(entry);
    const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
    response.writeHead = (...args: unknown[]) => {
      entry.status = Number(args[0]);
      return writeHead(...args);
    };
    try {
      if (!allowOrigin(request, response)) await handler(request, response);
    } catch (error) {
      if (!response.headersSent) sendError(response, 500, String(error));
      else response.destroy();
    }
  };
}

async function listen(handler: Handler, port: number): Promise<{ server: Server; url: string }> {
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

async function serveContent(
  state: State,
  faults: Faults,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', state.contentUrl);
  const plain = /^\/plain\/([^/]+\/[^/]+)\/(.+)$/.exec(url.pathname);
  const file =
    plain === null
      ? openAddress(state, url)
      : state.repos
          .get(plain[1] ?? '')
          ?.revisions.get('main')
          ?.files.find(({ path }) => path === decodeURIComponent(plain[2] ?? ''));
  if (file === undefined) {
    sendError(response, plain === null ? 403 : 404, plain === null ? 'Access denied: expired' : 'Not found');
    return;
  }
  const struck = faults.strike('content', file.path);
  if (sendStatusFault(response, struck)) return;
  await sendFile(request, response, file, struck);
}

function openAddress(state: State, url: URL): HubFile | undefined {
  const address = state.addresses.get(url.searchParams.get('Signature') ?? '');
  return address !== undefined && address.expires >= Date.now() / 1000 ? address.file : undefined;
}

function sendStatusFault(response: ServerResponse, struck: ReturnType<Faults['strike']>): boolean {
  const fault = faultOf(struck, 'status');
  if (fault === undefined) return false;
  sendError(response, fault.status, `told to answer ${fault.status}`, {
    ...(fault.retryAfter === undefined ? {} : { 'Retry-After': fault.retryAfter }),
    ...(fault.errorCode === undefined ? {} : { 'X-Error-Code': fault.errorCode }),
  });
  return true;
}

const API = /^\/api\/models\/([^/]+\/[^/]+?)(?:\/(revision|tree|paths-info)\/([^/]+)(?:\/(.*))?)?$/;
const RESOLVE = /^\/(api\/resolve-cache\/models\/)?([^/]+\/[^/]+)\/(?:resolve\/)?([^/]+)\/(.+)$/;

async function serveHub(
  state: State,
  faults: Faults,
  log: LoggedRequest[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', state.url);
  if (url.pathname.startsWith('/_control/')) return control(url, faults, log, request, response);
  const api = API.exec(url.pathname);
  const match = api ?? RESOLVE.exec(url.pathname);
  const id = (api ? match?.[1] : match?.[2]) ?? '';
  const destination = state.moved[id];
  if (destination !== undefined) {
    redirect(response, 307, `${state.url}${url.pathname.replace(id, destination)}${url.search}`);
    return;
  }
  const struck = faults.strike('hub', decodeURIComponent((api ? url.pathname : match?.[4]) ?? url.pathname));
  if (sendStatusFault(response, struck)) return;
  const token = request.headers.authorization?.replace(/^Bearer /, '');
  const repo = state.repos.get(id);
  if (match === null || repo === undefined || (repo.privateTo !== undefined && token !== repo.privateTo)) {
    // As the Hub does: who is not signed in cannot tell a private repository from none.
    const code = { 'X-Error-Code': 'RepoNotFound' };
    if (token === undefined) sendError(response, 401, 'Invalid username or password.', code);
    else sendError(response, 404, 'Repository not found', code);
    return;
  }
  const revision = repo.revisions.get(decodeURIComponent(match[3] ?? 'main'));
  if (revision === undefined) {
    sendError(response, 404, `Invalid rev id: ${match[3]}`, { 'X-Error-Code': 'RevisionNotFound' });
    return;
  }
  if (api !== null) return serveApi(state, repo, revision, url, api, request, response);
  if (repo.gatedBy !== undefined && token !== repo.gatedBy) {
    const code = { 'X-Error-Code': 'GatedRepo' };
    sendError(response, token === undefined ? 401 : 403, `Access to model ${repo.id} is restricted.`, code);
    return;
  }
  const path = decodeURIComponent(match[4] ?? '');
  const file = revision.files.find((candidate) => candidate.path === path);
  if (file === undefined) {
    sendError(response, 404, 'Entry not found', { 'X-Error-Code': 'EntryNotFound' });
    return;
  }
  const common = { 'X-Repo-Commit': revision.commit };
  if (match[1] !== undefined) return sendFile(request, response, file, struck, common);
  const oid = await file.oid();
  if (!file.large) {
    const location = `/api/resolve-cache/models/${repo.id}/${revision.commit}/${encodeURI(path)}?etag=${oid}`;
    redirect(response, 307, location, { ...common, ETag: `"${oid}"` });
    return;
  }
  redirect(response, 302, state.sign(file, oid, faultOf(struck, 'expired') !== undefined), {
    ...common,
    'X-Linked-Size': String(file.size),
    'X-Linked-ETag': `"${oid}"`,
    'Accept-Ranges': 'bytes',
  });
}

async function serveApi(
  state: State,
  repo: HubRepo,
  revision: Revision,
  url: URL,
  api: RegExpExecArray,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, , kind, name, folder] = api;
  if (kind === 'tree') {
    const all = entriesOf(
      revision.files,
      decodeURIComponent(folder ?? ''),
      url.searchParams.get('recursive') === 'true',
    );
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const next = from + state.pageSize;
    url.searchParams.set('cursor', String(next));
    const link = next < all.length ? { Link: `<${state.url}${url.pathname}${url.search}>; rel="next"` } : {};
    sendJson(
      response,
      await Promise.all(all.slice(from, next).map(describe)),
      link as Record<string, string>,
    );
    return;
  }
  if (kind === 'paths-info') {
    const paths = await readPaths(request);
    const found = entriesOf(revision.files, '', true).filter(({ path }) => paths.includes(path));
    sendJson(response, await Promise.all(found.map(describe)));
    return;
  }
  if (kind === undefined || kind === 'revision') {
    sendJson(response, {
      _id: createHash('sha1').update(repo.id).digest('hex').slice(0, 24),
      id: repo.id,
      modelId: repo.id,
      sha: revision.commit,
      private: repo.privateTo !== undefined,
      gated: repo.gatedBy === undefined ? false : 'manual',
      pipeline_tag: 'image-to-image',
      ...(repo.card === undefined ? {} : { cardData: repo.card }),
      downloads: 1,
      likes: 0,
      lastModified: '2024-08-30T09:00:00.000Z',
      siblings: revision.files.map(({ path }) => ({ rfilename: path })),
    });
    return;
  }
  sendError(response, 404, `no ${kind} of ${name}`);
}

type Entry = HubFile | { path: string; directory: true };

function entriesOf(files: readonly HubFile[], folder: string, recursive: boolean): Entry[] {
  const inside = folder === '' ? '' : `${folder}/`;
  const directories = new Set<string>();
  const entries: Entry[] = [];
  for (const file of files.filter(({ path }) => path.startsWith(inside))) {
    const parts = file.path.slice(inside.length).split('/');
    const shown = recursive ? parts.length - 1 : Math.min(1, parts.length - 1);
    for (let depth = 1; depth <= shown; depth++) directories.add(inside + parts.slice(0, depth).join('/'));
    if (recursive || parts.length === 1) entries.push(file);
  }
  return [...[...directories].map((path) => ({ path, directory: true as const })), ...entries];
}

async function describe(entry: Entry): Promise<unknown> {
  if ('directory' in entry) return { type: 'directory', oid: '0'.repeat(40), size: 0, path: entry.path };
  const oid = await entry.oid();
  const { path, size } = entry;
  if (!entry.large) return { type: 'file', oid, size, path };
  const pointer = createHash('sha1').update(oid).digest('hex');
  return { type: 'file', oid: pointer, size, path, lfs: { oid, size, pointerSize: 135 } };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

async function readPaths(request: IncomingMessage): Promise<string[]> {
  const body = await readBody(request);
  if (request.headers['content-type']?.includes('json'))
    return (JSON.parse(body) as { paths: string[] }).paths;
  return new URLSearchParams(body).getAll('paths');
}

/** For tests in a browser: POST a fault to `/_control/faults`, DELETE them all, GET `/_control/log`. */
async function control(
  url: URL,
  faults: Faults,
  log: LoggedRequest[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (url.pathname === '/_control/log') return sendJson(response, log);
  if (request.method === 'DELETE') faults.clear();
  else faults.add(JSON.parse(await readBody(request)));
  sendJson(response, {});
}
