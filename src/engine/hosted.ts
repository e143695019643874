/**
 * The hosted API as an engine: its official client sends the request, this file waits, reports, cancels there too, and
 * says in the words of every other engine what went wrong.
 */
import { ApiError, createFalClient, type QueueStatus } from '@fal-ai/client';
import type { Call, Engine, HostedAccess } from '../contract/engine';
import { abortError, InputError, isAbort, messageOf, NetworkError } from '../contract/errors';
import {
  type ImageSource,
  type InpaintRequest,
  type InpaintResult,
  inpaintResultSchema,
} from '../contract/schema';

const ENDPOINT = 'fal-ai/inpaint';

export interface HostedOptions {
  /** Asked at each run. @throws InputError where there is neither key nor proxy */
  access(): HostedAccess;
  /** In place of the browser's; tests lead it elsewhere. */
  fetch?: typeof fetch;
  pollMs?: number;
  /** Pause before a lost connection is tried again. */
  reconnectMs?: number;
}

const POLL_MS = 500;
const RECONNECT_MS = 1000;
/** A server that says nothing for so long is as good as none. */
const THERE_MS = 5000;
/** Lost connections in a row before a run is given up. */
const MAX_LOSSES = 8;
/** Smaller pictures travel inside the request, so that the host stores nothing; larger ones are uploaded. */
const MAX_INLINE_BYTES = 4_000_000;

/** The hosted API behind the interface of every engine. Each run asks anew by whose leave it is made. */
export function createHostedEngine(options: HostedOptions): Engine {
  const { pollMs = POLL_MS, reconnectMs = RECONNECT_MS } = options;
  const running = new Set<AbortController>();

  function connect(access: HostedAccess) {
    const given = options.fetch ?? fetch;
    return createFalClient({
      // Not the environment's: the key is the person's, or the proxy's own business.
      credentials: keyOf(access),
      suppressLocalCredentialsWarning: true,
      ...(access.kind === 'proxy' && { proxyUrl: { url: access.url, when: 'always' as const } }),
      ...(options.fetch && { fetch: options.fetch }),
      ...(access.kind === 'server' && { fetch: toServer(access.url, given) }),
    });
  }

  async function inpaint(request: InpaintRequest, call: Call): Promise<InpaintResult> {
    const { signal } = call;
    const access = options.access();
    // One's own server needs no network where it runs on this device.
    if (access.kind !== 'server' && isOffline())
      throw new NetworkError('Hosted API: this machine is offline; connect it, or paint here.');
    const client = connect(access);
    try {
      // 1. Picture and mask, inside the request or uploaded
      call.onProgress({ stage: 'upload' });
      const address = (source: ImageSource) =>
        toAddress(source, (file) => client.storage.upload(file), options.fetch);
      const [image_url, mask_url] = await Promise.all([
        address(request.image_url),
        address(request.mask_url),
      ]);
      signal.throwIfAborted();

      // 2. Into the queue. It is not cut off by a cancellation: what arrived there must be cancelled there.
      const submitted = client.queue.submit(ENDPOINT, { input: { ...request, image_url, mask_url } });
      const { request_id } = await abandonable(submitted, signal, (late) => cancel(client, late.request_id));

      // 3. Its states until it is done, then the result
      try {
        return await abandonable(finish(client, request_id, call), signal, release);
      } catch (error) {
        if (signal.aborted) await cancel(client, request_id);
        throw error;
      }
    } catch (error) {
      if (signal.aborted || isAbort(error)) throw abortError();
      if (access.kind === 'server' && error instanceof TypeError) {
        throw new NetworkError(await serverOutOfReach(access.url, options.fetch ?? fetch));
      }
      throw explain(error, access);
    }
  }

  /** Asks again where the connection was lost: the run goes on without us, and is paid for. */
  async function persistent<Result>(ask: () => Promise<Result>): Promise<Result> {
    for (let losses = 1; ; losses++) {
      try {
        return await ask();
      } catch (error) {
        // What the server answered is an ApiError; a fetch that found no server is a TypeError.
        if (!(error instanceof TypeError) || losses === MAX_LOSSES) throw error;
        await pause(reconnectMs);
      }
    }
  }

  async function finish(client: Client, requestId: string, call: Call): Promise<InpaintResult> {
    const { signal } = call;
    const report = reporter(call);
    await persistent(() =>
      client.queue.subscribeToStatus(ENDPOINT, {
        requestId,
        logs: true,
        pollInterval: pollMs,
        abortSignal: signal,
        onQueueUpdate: (status) => {
          if (!signal.aborted) report(status);
        },
      }),
    );
    const answer = await persistent(() => client.queue.result(ENDPOINT, { requestId, abortSignal: signal }));
    return take(answer.data, answer.requestId || requestId, signal);
  }

  /** The result's address belongs to the host: its picture is fetched here and given an address of the page's. */
  async function take(data: unknown, requestId: string, signal: AbortSignal): Promise<InpaintResult> {
    const parsed = inpaintResultSchema.safeParse(data);
    if (!parsed.success) {
      throw new NetworkError(
        `Hosted API: the answer to request ${requestId} is not as documented; try again.`,
      );
    }
    const { image, seed } = parsed.data;
    const response = await persistent(() => (options.fetch ?? fetch)(image.url, { signal }));
    if (!response.ok) {
      throw new NetworkError(
        `Hosted API: the picture of request ${requestId} was answered with ${response.status}; try again.`,
      );
    }
    const file = await response.blob();
    signal.throwIfAborted();
    return { image: { ...image, url: URL.createObjectURL(file), file_size: file.size }, seed, requestId };
  }

  return {
    async inpaint(request, _options, call) {
      const own = new AbortController();
      running.add(own);
      try {
        const signal = AbortSignal.any([call.signal, own.signal]);
        if (signal.aborted) throw abortError();
        return await inpaint(request, { ...call, signal });
      } finally {
        running.delete(own);
      }
    },
    async dispose() {
      for (const controller of running) controller.abort();
    },
  };
}

function keyOf(access: HostedAccess): string | undefined {
  return access.kind === 'proxy' ? undefined : access.key;
}

/** The client knows fal's hosts alone: what goes there goes to the server, under the paths that it serves them at. */
function toServer(serverUrl: string, given: typeof fetch): typeof fetch {
  const base = serverUrl.replace(/\/$/, '');
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const isQueue = url.hostname === 'queue.fal.run';
    if (!isQueue && url.hostname !== 'fal.run' && url.hostname !== 'rest.fal.ai') return given(input, init);
    return given(`${base}${isQueue ? '/queue' : ''}${url.pathname}${url.search}`, init);
  };
}

type Client = ReturnType<typeof createFalClient>;

function release({ image }: InpaintResult): void {
  URL.revokeObjectURL(image.url);
}

async function cancel(client: Client, requestId: string): Promise<void> {
  // Done already, or out of reach: the person has left either way.
  await client.queue.cancel(ENDPOINT, { requestId }).catch(() => {});
}

/** Rejects as soon as the signal aborts; what comes later is handed to `undo`. */
function abandonable<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
  undo: (value: Value) => void,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      promise.then(undo, () => {});
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Queue position, log lines (each once) and, where a line is a sampler's, steps. */
function reporter({ onProgress }: Call): (status: QueueStatus) => void {
  let told = 0;
  return (status) => {
    if (status.status === 'IN_QUEUE') {
      onProgress({ stage: 'queue', position: status.queue_position });
      return;
    }
    const lines = status.logs ?? [];
    for (const { message } of lines.slice(told)) {
      // tqdm: "13%|█▎        | 4/30 [00:01<00:08]"
      const [, step, steps] = /\|\s*(\d+)\/(\d+)/.exec(message) ?? [];
      if (step !== undefined && steps !== undefined) {
        onProgress({ stage: 'denoise', step: Number(step), steps: Number(steps) });
      } else onProgress({ stage: 'log', message: message.trim() });
    }
    told = Math.max(told, lines.length);
  };
}

async function toAddress(
  source: ImageSource,
  upload: (file: Blob) => Promise<string>,
  given: typeof fetch | undefined,
): Promise<string> {
  if (typeof source === 'string' && !source.startsWith('blob:')) return source;
  const file = source instanceof Blob ? source : await (await (given ?? fetch)(source)).blob();
  if (file.size > MAX_INLINE_BYTES) return upload(file);
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  // Arguments of one call are limited in number.
  for (let at = 0; at < bytes.length; at += 32_768)
    text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  return `data:${file.type || 'image/png'};base64,${btoa(text)}`;
}

function isOffline(): boolean {
  return typeof navigator !== 'undefined' && navigator.onLine === false;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Why one's own server could not be asked. A browser tells no page: a server that is off, one that refuses the page's
 * origin, mixed content and the page's own policy look alike. What can be told apart is.
 * @param page the page's origin; absent outside a browser
 */
export async function serverOutOfReach(
  serverUrl: string,
  given: typeof fetch,
  page: string | undefined = globalThis.location?.origin,
): Promise<string> {
  const { protocol, hostname, origin } = new URL(serverUrl);
  const isHere = hostname === 'localhost' || hostname === '127.0.0.1';
  if (protocol === 'http:' && !isHere && page !== undefined) {
    if (page.startsWith('https:')) {
      return `Your server ${serverUrl} cannot be reached from this page: browsers let a page at https: reach http: on this device alone (mixed content). Put TLS before the server and start it with --public-url https://…`;
    }
    return `Your server ${serverUrl} cannot be reached: start it with npm run serve -- --allow-origin ${page}. This page reaches http: at localhost and 127.0.0.1 alone, and ${origin} where it was built with VITE_CONNECT=${origin}.`;
  }
  if (page !== undefined && (await isThere(serverUrl, given))) {
    return `Your server ${serverUrl} refuses this page (403): start it with npm run serve -- --allow-origin ${page}`;
  }
  const compare = 'compare its address with the one that it prints';
  if (page === undefined || /^https?:\/\/(localhost|127\.0\.0\.1)(:|$)/.test(page)) {
    return `Your server ${serverUrl} cannot be reached: start it with npm run serve, and ${compare}.`;
  }
  // Chrome asks the person before a page of the internet reaches this device; a no looks like a server that is off.
  return `Your server ${serverUrl} cannot be reached: start it with npm run serve -- --allow-origin ${page}, ${compare}, and where the browser asks whether this page may reach this device or its network, allow it.`;
}

/** Whether anything answers there, to whomever: the answer itself cannot be read. */
async function isThere(serverUrl: string, given: typeof fetch): Promise<boolean> {
  try {
    await given(`${serverUrl}/health`, { mode: 'no-cors', signal: AbortSignal.timeout(THERE_MS) });
    return true;
  } catch {
    return false;
  }
}

interface ApiDetail {
  loc?: unknown;
  msg?: unknown;
}

/** An error of ours for one of the client's; `key` never stands in its message. */
function explain(error: unknown, access: HostedAccess): Error {
  const key = keyOf(access);
  const isOwn = access.kind === 'server';
  const who = isOwn ? `Your server ${access.url}` : 'Hosted API';
  const clean = (text: string) => (key ? text.replaceAll(key, '(the key)') : text);
  if (error instanceof ApiError) {
    const details = detailsOf(error.body);
    const said = clean(details.map(({ msg }) => String(msg ?? '')).join('; '));
    const request = error.requestId ? ` (request ${error.requestId})` : '';
    switch (error.status) {
      case 401:
        return new InputError(
          'fal_key',
          isOwn
            ? `${who}: the key is missing or wrong (401); enter the one that it was started with (INLAY_KEY).${request}`
            : `Hosted API: the key was refused (401); enter another one.${request}`,
        );
      case 403:
        return new InputError(
          'fal_key',
          isOwn
            ? `${who} refused (403): ${said || 'no reason given'}.${request}`
            : `Hosted API: not allowed (403): ${said || 'no reason given'}; look after key and balance at fal.ai.${request}`,
        );
      case 422: {
        const loc = details[0]?.loc;
        const field = Array.isArray(loc) ? String(loc.at(-1)) : 'request';
        return new InputError(field, said.startsWith(field) ? said : `${field}: ${said}${request}`);
      }
      case 413:
        return new InputError(
          'image_url',
          `image_url: too large for ${isOwn ? 'your server' : 'the hosted API'}; mask a smaller part.${request}`,
        );
      case 429:
        return new NetworkError(
          `${who}: too many requests wait there (429); try again in a while.${request}`,
        );
      case 504:
        return new NetworkError(`${who}: it took too long there (504); try again.${request}`);
      default:
        return new NetworkError(
          `${who}: it answered ${error.status}${said ? `: ${said}` : ''}; try again later.${request}`,
        );
    }
  }
  if (error instanceof TypeError) {
    return new NetworkError('Hosted API: it cannot be reached; check the network and try again.');
  }
  if (error instanceof InputError || error instanceof NetworkError) return error;
  return new NetworkError(`${who}: ${clean(messageOf(error))}; try again.`);
}

/** `detail` is a sentence or a list; outside the API's own answers it may be anything. */
function detailsOf(body: unknown): ApiDetail[] {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return [];
  if (Array.isArray(body.detail))
    return body.detail.filter((each) => typeof each === 'object' && each !== null);
  return typeof body.detail === 'string' ? [{ msg: body.detail }] : [];
}
