/** The hosted API's endpoint on one's own machine: routes, keys, origins; the work is done elsewhere. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Engine } from '../../contract/engine';
import { wireRequestSchema } from '../../contract/schema';
import type { FileStore } from './files';
import { type AdmissionOptions, createAdmission } from './http/admission';
import { parseJson, readBody, send, sendJson, sendProblem } from './http/http';
import { CLIENT_SHARE, clientOf, Intake } from './http/intake';
import { foreseenProblem, Problem, problemOf, validationProblem } from './http/problem';
import type { Log } from './log';
import { Metrics } from './metrics';
import { integerFields, openApiDocument } from './openApi';
import { createRunner, leftToModel, type RunOutcome, type WireRequest } from './painting/runner';
import { pictureReader } from './pictures';
import { type Job, RunQueue } from './queue';
import { addressOf, matchRoute, type Route } from './routes';
import { describeStatus, streamStatus } from './status';
import { createUploads } from './uploads';

export interface AppOptions extends AdmissionOptions {
  engine: Engine;
  files: FileStore;
  /** For `image_url` and `mask_url`; see createGuardedFetch. */
  fetchPicture: typeof fetch;
  /** Runs that may wait besides the one that runs. */
  queueLimit: number;
  /** Runs of one client that may wait or run at a time; three quarters of all places where it is absent. */
  clientLimit?: number;
  /** How long a run may take, downloads not counted, in milliseconds. */
  maxRunMs: number;
  /** How long finished runs are remembered, in milliseconds. */
  keepMs: number;
  maxBodyBytes: number;
  maxPictureBytes: number;
  /** What requests and uploads may hold together, on their way and waiting. */
  intakeBytes?: number;
  pictureTimeoutMs: number;
  /** Other models are refused; all are taken where it is absent. */
  models?: readonly string[];
  /** What the painting process holds in memory, where there is one. */
  paintingBytes?: () => number;
  log: Log;
}

export interface App {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Takes nothing more, and lets what runs end. @param graceMs after which it is cancelled */
  close(graceMs?: number): Promise<void>;
}

/** What requests and uploads may hold together, on their way and waiting; more where single ones may be large. */
const MIN_INTAKE_BYTES = 512e6;
/** Bodies that hold a name and a type. */
const MAX_SMALL_BODY_BYTES = 10_000;

/** The API as a handler of requests, and its queue of runs. */
export function createApp(options: AppOptions): App {
  const { engine, files, log, maxBodyBytes, maxPictureBytes, queueLimit, maxRunMs } = options;
  // A proxy is what the public address leads to.
  const isBehindProxy = options.publicUrl !== undefined;
  const metrics = new Metrics();
  const requests = metrics.counter('inlay_http_requests_total', 'Requests by route and status.');
  const runs = metrics.counter('inlay_runs_total', 'Runs by outcome.');
  const runSeconds = metrics.counter('inlay_run_seconds_total', 'Seconds that runs took.');
  const readPicture = pictureReader({
    fetch: options.fetchPicture,
    files,
    maxBytes: maxPictureBytes,
    timeoutMs: options.pictureTimeoutMs,
  });
  const queue = new RunQueue<WireRequest, RunOutcome>({
    run: createRunner({ engine, readPicture, files, maxRunMs }),
    limit: queueLimit,
    clientLimit: options.clientLimit ?? Math.max(1, Math.floor((queueLimit + 1) * CLIENT_SHARE)),
    keepMs: options.keepMs,
    onUnforeseen: (error, id) => logUnforeseen(error, { request_id: id }),
    onFinished({ id, seconds = 0, outcome }, name) {
      runs.add({ outcome: name });
      runSeconds.add({}, seconds);
      const problem = outcome && 'problem' in outcome ? outcome.problem.message : undefined;
      log('run', { request_id: id, outcome: name, seconds, ...(problem !== undefined && { problem }) });
    },
  });
  metrics.gauge('inlay_queue_length', 'Runs that wait.', () => queue.length);
  metrics.gauge('inlay_running', 'Runs that run: 0 or 1.', () => Number(queue.isRunning));
  metrics.gauge('inlay_files_bytes', 'Bytes of results and uploads held.', () => files.totalBytes);
  metrics.gauge('process_resident_memory_bytes', 'Memory of the server, without the painting process.', () =>
    process.memoryUsage.rss(),
  );
  if (options.paintingBytes !== undefined) {
    const help = 'Memory of the painting process when its last run ended.';
    metrics.gauge('inlay_painting_memory_bytes', help, options.paintingBytes);
  }
  const intake = new Intake(
    options.intakeBytes ?? Math.max(MIN_INTAKE_BYTES, 2 * maxBodyBytes, 2 * maxPictureBytes),
  );
  metrics.gauge(
    'inlay_intake_bytes',
    'Bytes of requests and uploads on their way or waiting.',
    () => intake.bytes,
  );
  const uploads = createUploads({
    files,
    maxBytes: maxPictureBytes,
    keepMs: options.keepMs,
    intake,
    isBehindProxy,
  });
  const admission = createAdmission(options);

  const fileUrl = (base: string, id: string, name: string) => `${base}/files/${id}/${name}`;

  function answerOf({ fileId, answer }: RunOutcome, base: string) {
    return { ...answer, image: { ...answer.image, url: fileUrl(base, fileId, answer.image.file_name) } };
  }

  function logUnforeseen(error: unknown, more: Readonly<Record<string, unknown>> = {}): void {
    log('error', {
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      ...more,
    });
  }

  async function submit(request: IncomingMessage): Promise<Job<RunOutcome>> {
    const client = clientOf(request, isBehindProxy);
    queue.checkRoom(client);
    const holding = intake.hold(client);
    try {
      const bytes = await readBody(request, { maxBytes: maxBodyBytes, take: holding.take });
      const body = parseJson(bytes);
      const parsed = wireRequestSchema.safeParse(withoutNullSeed(body));
      if (!parsed.success) throw validationProblem(parsed.error, body, integerFields);
      checkModel(parsed.data.model_name);
      return queue.submit(
        { ...parsed.data, leftToModel: leftToModel(body) },
        {
          client,
          startWithinMs: startLimit(request),
          onEnd: holding.release,
        },
      );
    } catch (error) {
      holding.release();
      throw error;
    }
  }

  function checkModel(name: string): void {
    const { models } = options;
    if (models === undefined || models.includes(name)) return;
    const msg = `model_name: this server paints with ${models.join(', ')} alone`;
    throw new Problem(422, [{ loc: ['body', 'model_name'], msg, type: 'value_error' }]);
  }

  async function paint(request: IncomingMessage, response: ServerResponse, base: string): Promise<void> {
    const job = await submit(request);
    response.setHeader('x-fal-request-id', job.id);
    // Nobody waits for it any more.
    response.on('close', () => {
      if (!response.writableFinished) queue.cancel(job.id);
    });
    sendJson(response, 200, answerOf(await queue.result(job), base));
  }

  async function dispatch(
    route: Route,
    request: IncomingMessage,
    response: ServerResponse,
    base: string,
  ): Promise<void> {
    if (route.name === 'preflight') return admission.preflight(request, response);
    // A file's address is a secret, and other pages may show the picture.
    if (route.name !== 'file') admission.refuseForeign(request, response);
    if (route.needsKey) admission.authorize(request);
    switch (route.name) {
      case 'home':
        return sendJson(response, 200, {
          endpoint: `${base}/fal-ai/inpaint`,
          openapi: `${base}/openapi.json`,
        });
      case 'health':
        return sendJson(response, 200, { status: 'ok', running: queue.isRunning, queued: queue.length });
      case 'metrics':
        return send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', metrics.toString());
      case 'openapi':
        return sendJson(response, 200, openApiDocument(base, options.key !== undefined));
      case 'direct':
        return paint(request, response, base);
      case 'submit': {
        const job = await submit(request);
        response.setHeader('x-fal-request-id', job.id);
        return sendJson(response, 200, describeStatus(queue, job, base, false));
      }
      case 'status':
      case 'stream':
      case 'result':
      case 'cancel':
        return dispatchRequest(route.name, route.id, request, response, base);
      case 'initiate': {
        const body = parseJson(await readBody(request, { maxBytes: MAX_SMALL_BODY_BYTES }));
        return sendJson(response, 200, uploads.initiate(body, base, fileUrl));
      }
      case 'token':
        // What it says does not matter, but a body that nobody reads holds the connection up.
        await readBody(request, { maxBytes: MAX_SMALL_BODY_BYTES });
        return sendJson(response, 200, uploads.token(base));
      case 'take':
        return sendJson(response, 200, await uploads.take(request, base, fileUrl));
      case 'multipart':
        throw new Problem(413, `Files of at most ${Math.floor(maxPictureBytes / 1e6)} MB are taken`, {
          type: 'request_too_large',
        });
      case 'upload':
        await uploads.receive(route.id, request);
        return sendJson(response, 200, {});
      case 'file': {
        const file = await files.get(route.id);
        if (file === undefined) throw notFound('There is no such file, or its time is over');
        // It is a stranger's: shown as a picture or not at all.
        response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
        response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
        return send(response, 200, file.contentType, file.bytes);
      }
      default:
        throw new TypeError(`unknown route ${route.name satisfies never}`);
    }
  }

  async function dispatchRequest(
    name: 'status' | 'stream' | 'result' | 'cancel',
    id: string,
    request: IncomingMessage,
    response: ServerResponse,
    base: string,
  ): Promise<void> {
    if (name === 'cancel') {
      const status = queue.cancel(id);
      const codes = { CANCELLATION_REQUESTED: 202, ALREADY_COMPLETED: 400, NOT_FOUND: 404 };
      return sendJson(response, codes[status], { status });
    }
    const job = queue.get(id);
    if (job === undefined) {
      throw notFound(
        'There is no such request: its time is over, or the server was started anew, which loses what waited and ran; ' +
          'send it again',
      );
    }
    response.setHeader('x-fal-request-id', job.id);
    // JavaScript's client writes 1, Python's true.
    const withLogs = /^(1|true)$/.test(addressOf(request).searchParams.get('logs') ?? '');
    if (name === 'status') {
      return sendJson(response, job.state === 'done' ? 200 : 202, describeStatus(queue, job, base, withLogs));
    }
    if (name === 'stream') return streamStatus(queue, job, base, withLogs, response);
    if (job.outcome === undefined) {
      throw new Problem(400, 'Request is still in progress', { type: 'request_in_progress' });
    }
    sendJson(response, 200, answerOf(await queue.result(job), base));
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    let route: Route | undefined;
    response.on('close', () => {
      const status = response.headersSent ? response.statusCode : 0;
      requests.add({ route: route?.name ?? 'unknown', status: String(status) });
      const id = response.getHeader('x-fal-request-id');
      log('request', {
        method: request.method ?? '',
        route: route?.name ?? 'unknown',
        status,
        ms: Math.round(performance.now() - started),
        ...(id !== undefined && { request_id: id }),
      });
    });
    try {
      const base = admission.admit(request, response);
      route = matchRoute(request);
      await dispatch(route, request, response, base);
    } catch (error) {
      const problem = problemOf(error);
      if (foreseenProblem(error) === undefined) logUnforeseen(error);
      sendProblem(response, problem);
    }
  }

  return {
    handle: (request, response) => void handle(request, response),
    close: (graceMs) => queue.close(graceMs),
  };
}

function notFound(message: string): Problem {
  return new Problem(404, message, { type: 'not_found' });
}

/** Python's clients write None for what is left out. */
function withoutNullSeed(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('seed' in body) || body.seed !== null) return body;
  return { ...body, seed: undefined };
}

/** `X-Fal-Request-Timeout`: seconds that a run may wait. */
function startLimit(request: IncomingMessage): number | undefined {
  const seconds = Number(request.headers['x-fal-request-timeout'] ?? Number.NaN);
  return seconds > 0 ? Math.min(seconds, 86_400) * 1000 : undefined;
}
