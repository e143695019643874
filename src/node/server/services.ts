/** What the routes of a server share: the queue of runs, files, uploads, metrics. */
import type { IncomingMessage } from 'node:http';
import type { Engine } from '../../contract/engine';
import type { FileStore } from './files';
import type { AdmissionOptions } from './http/admission';
import { CLIENT_SHARE, clientOf, Intake } from './http/byteBudget';
import type { Log } from './log';
import { Metrics } from './metrics';
import { createRunner, type RunOutcome, type WireRequest } from './painting/runner';
import { pictureReader } from './pictures';
import { RunQueue } from './queue';
import { createUploads, type Uploads } from './uploads';

export interface AppOptions extends AdmissionOptions {
  engine: Engine;
  files: FileStore;
  /** For `image_url` and `mask_url`; see createGuardedFetch. */
  fetchPicture: typeof fetch;
  /** How many runs may wait, besides the one that runs. */
  queueLimit: number;
  /** How many runs of one client may wait or run at a time; three quarters of all if it is absent. */
  clientLimit?: number;
  /** How long a run may take, downloads not counted, in milliseconds. */
  maxRunMs: number;
  /** How long finished runs are remembered, in milliseconds. */
  keepMs: number;
  maxBodyBytes: number;
  maxPictureBytes: number;
  /** How many bytes arriving and waiting requests and uploads may hold together. */
  intakeBytes?: number;
  pictureTimeoutMs: number;
  /** Other models are refused; all are allowed if it is absent. */
  models?: readonly string[];
  /** Memory of the painting process, if there is one. */
  paintingBytes?: () => number;
  log: Log;
}

export interface Services {
  options: AppOptions;
  queue: RunQueue<WireRequest, RunOutcome>;
  intake: Intake;
  uploads: Uploads;
  metrics: Metrics;
  /** Who sends a request, for limits. */
  clientOf(request: IncomingMessage): string;
  /** Logs an unforeseen error with its stack. */
  logUnforeseen(error: unknown, more?: Readonly<Record<string, unknown>>): void;
}

/** The least that requests and uploads may hold together; more if single ones may be large. */
const MIN_INTAKE_BYTES = 512e6;

export function createServices(options: AppOptions): Services {
  const { engine, files, log, maxBodyBytes, maxPictureBytes, queueLimit, maxRunMs, keepMs } = options;
  const metrics = new Metrics();
  const intake = new Intake(
    options.intakeBytes ?? Math.max(MIN_INTAKE_BYTES, 2 * maxBodyBytes, 2 * maxPictureBytes),
  );
  // With a public URL a proxy is in front of the server.
  const identify = (request: IncomingMessage) => clientOf(request, options.publicUrl !== undefined);
  const logUnforeseen = (error: unknown, more: Readonly<Record<string, unknown>> = {}): void => {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log('error', { message, ...more });
  };
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
    keepMs,
    onUnforeseen: (error, id) => logUnforeseen(error, { request_id: id }),
    onFinished({ id, seconds = 0, outcome }, name) {
      runs.add({ outcome: name });
      runSeconds.add({}, seconds);
      const problem = outcome && 'problem' in outcome ? outcome.problem.message : undefined;
      log('run', { request_id: id, outcome: name, seconds, ...(problem !== undefined && { problem }) });
    },
  });
  const uploads = createUploads({ files, maxBytes: maxPictureBytes, keepMs, intake, clientOf: identify });
  const services: Services = {
    options,
    queue,
    intake,
    uploads,
    metrics,
    clientOf: identify,
    logUnforeseen,
  };
  addGauges(services);
  return services;
}

function addGauges({ options, metrics, queue, intake }: Services): void {
  const { files, paintingBytes } = options;
  metrics.gauge('inlay_queue_length', 'Runs that wait.', () => queue.length);
  metrics.gauge('inlay_running', 'Runs that run: 0 or 1.', () => Number(queue.isRunning));
  metrics.gauge('inlay_files_bytes', 'Bytes of stored results and uploads.', () => files.totalBytes);
  metrics.gauge('process_resident_memory_bytes', 'Memory of the server, without the painting process.', () =>
    process.memoryUsage.rss(),
  );
  if (paintingBytes !== undefined) {
    const help = 'Memory of the painting process when its last run ended.';
    metrics.gauge('inlay_painting_memory_bytes', help, paintingBytes);
  }
  metrics.gauge(
    'inlay_intake_bytes',
    'Bytes of arriving and waiting requests and uploads.',
    () => intake.bytes,
  );
}
