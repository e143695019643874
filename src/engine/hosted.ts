/**
 * The hosted API as an engine. The official client sends the request; this file waits, reports progress, passes
 * cancellation on, and turns the API's errors into those of every other engine.
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
  /** Called for each run. @throws InputError if there is neither a key nor a proxy */
  access(): HostedAccess;
  /** Replaces the browser's. */
  fetch?: typeof fetch;
  pollMs?: number;
  /** Pause before trying again after a lost connection. */
  reconnectMs?: number;
}

const POLL_MS = 500;
const RECONNECT_MS = 1000;
/** A server that does not answer within this time counts as absent. */
const THERE_MS = 5000;
/** Lost connections in a row before a run is given up. */
const MAX_LOSSES = 8;
/** Smaller images are sent inside the request, so that the host stores nothing; larger ones are uploaded. */
const MAX_INLINE_BYTES = 4_000_000;

/** Each run asks for its credentials again. */
export function createHostedEngine(options: HostedOptions): Engine {
  const { pollMs = POLL_MS, reconnectMs = RECONNECT_MS } = options;
  const running = new Set<AbortController>();

  function connect(access: HostedAccess) {
    const request = options.fetch ?? fetch;
    return createFalClient({
      // Never from the environment: the key is the user's, or the proxy adds its own.
      credentials: keyOf(access),
      suppressLocalCredentialsWarning: true,
      ...(access.kind === 'proxy' && { proxyUrl: { url: access.url, when: 'always' as const } }),
      ...(options.fetch && { fetch: options.fetch }),
      ...(access.kind === 'server' && { fetch: toServer(access.url, request) }),
    });
  }

  async function inpaint(request: InpaintRequest, call: Call): Promise<InpaintResult> {
    const { signal } = call;
    const access = options.access();
    // The user's own server may run on this device, which needs no network.
    if (access.kind !== 'server' && isOffline())
      throw new NetworkError(
        'You’re offline, so the hosted API can’t be reached. Reconnect, or switch the hosted API off to generate on this device.',
      );
    const client = connect(access);
    try {
      // 1. Image and mask, inside the request or uploaded
      call.onProgress({ stage: 'upload' });
      const urlOf = (source: ImageSource) =>
        toUrl(source, (file) => client.storage.upload(file), options.fetch);
      const [image_url, mask_url] = await Promise.all([urlOf(request.image_url), urlOf(request.mask_url)]);
      signal.throwIfAborted();

      // 2. Into the queue. Cancelling does not interrupt this: a request that has arrived must be cancelled there.
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

  /** Repeats a request whose connection was lost: the run continues without us, and is paid for. */
  async function persistent<Result>(ask: () => Promise<Result>): Promise<Result> {
    for (let losses = 1; ; losses++) {
      try {
        return await ask();
      } catch (error) {
        // An ApiError is the server's answer; a TypeError is a fetch that did not reach it.
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
    return download(answer.data, answer.requestId || requestId, signal);
  }

  /** Downloads the result from the host's URL and gives it a URL of this page. */
  async function download(data: unknown, requestId: string, signal: AbortSignal): Promise<InpaintResult> {
    const parsed = inpaintResultSchema.safeParse(data);
    if (!parsed.success) {
      throw new NetworkError(`Hosted API: request ${requestId} returned an unexpected answer. Try again.`);
    }
    const { image, seed } = parsed.data;
    const response = await persistent(() => (options.fetch ?? fetch)(image.url, { signal }));
    if (!response.ok) {
      throw new NetworkError(
        `Hosted API: the image of request ${requestId} could not be downloaded (${response.status}). Try again.`,
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

/** The client knows only fal's hosts: requests to them are sent to the server, under the paths that it uses. */
function toServer(serverUrl: string, request: typeof fetch): typeof fetch {
  const base = serverUrl.replace(/\/$/, '');
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const isQueue = url.hostname === 'queue.fal.run';
    if (!isQueue && url.hostname !== 'fal.run' && url.hostname !== 'rest.fal.ai') return request(input, init);
    return request(`${base}${isQueue ? '/queue' : ''}${url.pathname}${url.search}`, init);
  };
}

type Client = ReturnType<typeof createFalClient>;

function release({ image }: InpaintResult): void {
  URL.revokeObjectURL(image.url);
}

async function cancel(client: Client, requestId: string): Promise<void> {
  // Failed because it is done or unreachable: the user has cancelled either way.
  await client.queue.cancel(ENDPOINT, { requestId }).catch(() => {});
}

/** Rejects as soon as the signal aborts; a value that arrives later goes to `undo`. */
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

/** Reports the queue position, each log line once, and steps if a line is a scheduler's progress bar. */
function reporter({ onProgress }: Call): (status: QueueStatus) => void {
  let reported = 0;
  return (status) => {
    if (status.status === 'IN_QUEUE') {
      onProgress({ stage: 'queue', position: status.queue_position });
      return;
    }
    const lines = status.logs ?? [];
    for (const { message } of lines.slice(reported)) {
      // tqdm: "13%|█▎        | 4/30 [00:01<00:08]"
      const [, step, steps] = /\|\s*(\d+)\/(\d+)/.exec(message) ?? [];
      if (step !== undefined && steps !== undefined) {
        onProgress({ stage: 'denoise', step: Number(step), steps: Number(steps) });
      } else onProgress({ stage: 'log', message: message.trim() });
    }
    reported = Math.max(reported, lines.length);
  };
}

async function toUrl(
  source: ImageSource,
  upload: (file: Blob) => Promise<string>,
  request: typeof fetch | undefined,
): Promise<string> {
  if (typeof source === 'string' && !source.startsWith('blob:')) return source;
  const file = source instanceof Blob ? source : await (await (request ?? fetch)(source)).blob();
  if (file.size > MAX_INLINE_BYTES) return upload(file);
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  // One call takes a limited number of arguments.
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
 * Explains why the user's own server could not be reached. Browsers don't tell a page: a server that is off, one that
 * refuses the page's origin, mixed content and the page's own policy look the same. This tells apart what it can.
 * @param page the page's origin; absent outside a browser
 */
export async function serverOutOfReach(
  serverUrl: string,
  request: typeof fetch,
  page: string | undefined = globalThis.location?.origin,
): Promise<string> {
  const { protocol, hostname, origin } = new URL(serverUrl);
  const isHere = hostname === 'localhost' || hostname === '127.0.0.1';
  if (protocol === 'http:' && !isHere && page !== undefined) {
    if (page.startsWith('https:')) {
      return `Your server ${serverUrl} can’t be reached from this page: from an https: page, browsers allow http: only to this device (mixed content). Put TLS in front of the server and start it with --public-url https://…`;
    }
    return `Your server ${serverUrl} can’t be reached. Start it with npm run serve -- --allow-origin ${page}. This page can use http: only at localhost and 127.0.0.1, and ${origin} only if it was built with VITE_CONNECT=${origin}.`;
  }
  if (page !== undefined && (await isThere(serverUrl, request))) {
    return `Your server ${serverUrl} refuses this page (403). Start it with npm run serve -- --allow-origin ${page}`;
  }
  const check = 'check that the URL is the one it prints';
  if (page === undefined || /^https?:\/\/(localhost|127\.0\.0\.1)(:|$)/.test(page)) {
    return `Your server ${serverUrl} can’t be reached. Start it with npm run serve, and ${check}.`;
  }
  // Chrome asks the user before a page from the internet may reach this device; a no looks like a server that is off.
  return `Your server ${serverUrl} can’t be reached. Start it with npm run serve -- --allow-origin ${page}, ${check}, and if the browser asks whether this page may reach this device or its network, allow it.`;
}

/** Whether anything answers at all: the page can't read the answer. */
async function isThere(serverUrl: string, request: typeof fetch): Promise<boolean> {
  try {
    await request(`${serverUrl}/health`, { mode: 'no-cors', signal: AbortSignal.timeout(THERE_MS) });
    return true;
  } catch {
    return false;
  }
}

interface ApiDetail {
  loc?: unknown;
  msg?: unknown;
}

/** Turns an error of the client into one of ours. The key never appears in its message. */
function explain(error: unknown, access: HostedAccess): Error {
  const key = keyOf(access);
  const isOwn = access.kind === 'server';
  const who = isOwn ? `Your server ${access.url}` : 'Hosted API';
  const clean = (text: string) => (key ? text.replaceAll(key, '(the key)') : text);
  if (error instanceof ApiError) {
    const details = detailsOf(error.body);
    const reason = clean(details.map(({ msg }) => String(msg ?? '')).join('; '));
    const request = error.requestId ? ` (request ${error.requestId})` : '';
    switch (error.status) {
      case 401:
        return new InputError(
          'fal_key',
          isOwn
            ? `${who}: the key is missing or wrong (401). Enter the key that the server was started with (INLAY_KEY).${request}`
            : `Hosted API: the key was refused (401). Enter another one.${request}`,
        );
      case 403:
        return new InputError(
          'fal_key',
          isOwn
            ? `${who} refused (403): ${reason || 'no reason given'}.${request}`
            : `Hosted API: not allowed (403): ${reason || 'no reason given'}. Check your key and balance at fal.ai.${request}`,
        );
      case 422: {
        const loc = details[0]?.loc;
        const field = Array.isArray(loc) ? String(loc.at(-1)) : 'request';
        return new InputError(field, reason.startsWith(field) ? reason : `${field}: ${reason}${request}`);
      }
      case 413:
        return new InputError(
          'image_url',
          `image_url: too large for ${isOwn ? 'your server' : 'the hosted API'}. Mask a smaller area.${request}`,
        );
      case 429:
        return new NetworkError(`${who}: too many requests are waiting (429). Try again later.${request}`);
      case 504:
        return new NetworkError(`${who}: the run took too long (504). Try again.${request}`);
      default:
        return new NetworkError(
          `${who} answered ${error.status}${reason ? `: ${reason}` : ''}. Try again later.${request}`,
        );
    }
  }
  if (error instanceof TypeError) {
    return new NetworkError('The hosted API can’t be reached. Check your connection and try again.');
  }
  if (error instanceof InputError || error instanceof NetworkError) return error;
  return new NetworkError(`${who}: ${clean(messageOf(error))}. Try again.`);
}

/** `detail` is a sentence or a list in the API's own answers; in others it may be anything. */
function detailsOf(body: unknown): ApiDetail[] {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return [];
  if (Array.isArray(body.detail))
    return body.detail.filter((each) => typeof each === 'object' && each !== null);
  return typeof body.detail === 'string' ? [{ msg: body.detail }] : [];
}
