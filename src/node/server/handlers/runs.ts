/** Runs: made while the client waits, or queued and asked for later. */
import type { IncomingMessage } from 'node:http';
import { wireRequestSchema } from '../../../contract/schema';
import { taskOf } from '../../../contract/tasks';
import { parseJson, readBody, sendJson } from '../http/http';
import { Problem, validationProblem } from '../http/problem';
import { integerFields } from '../openApi/schemas';
import { leftToModel, type RunOutcome } from '../painting/runner';
import type { Job } from '../queue';
import type { RouteCall } from '../router';
import type { Services } from '../services';
import { describeStatus, streamStatus } from '../status';
import { fileUrl } from '../uploads';

/** Runs a request and answers when it is done. */
export async function run({ request, response, base, services }: RouteCall): Promise<void> {
  const { queue } = services;
  const job = await enqueue(request, services);
  response.setHeader('x-fal-request-id', job.id);
  // The client has left.
  response.on('close', () => {
    if (!response.writableFinished) queue.cancel(job.id);
  });
  sendJson(response, 200, outputOf(await queue.result(job), base));
}

/** Queues a request and answers at once. */
export async function submit({ request, response, base, services }: RouteCall): Promise<void> {
  const job = await enqueue(request, services);
  response.setHeader('x-fal-request-id', job.id);
  sendJson(response, 200, describeStatus(services.queue, job, base, false));
}

export function status(call: RouteCall): void {
  const { response, base, services } = call;
  const job = jobOf(call);
  const code = job.state === 'done' ? 200 : 202;
  sendJson(response, code, describeStatus(services.queue, job, base, wantsLogs(call)));
}

export function stream(call: RouteCall): void {
  const { response, base, services } = call;
  streamStatus(services.queue, jobOf(call), base, wantsLogs(call), response);
}

export async function result(call: RouteCall): Promise<void> {
  const { response, base, services } = call;
  const job = jobOf(call);
  if (job.outcome === undefined) {
    throw new Problem(400, 'Request is still in progress', { type: 'request_in_progress' });
  }
  sendJson(response, 200, outputOf(await services.queue.result(job), base));
}

export function cancel({ response, params, services }: RouteCall): void {
  const status = services.queue.cancel(params.request_id ?? '');
  const codes = { CANCELLATION_REQUESTED: 202, ALREADY_COMPLETED: 400, NOT_FOUND: 404 };
  sendJson(response, codes[status], { status });
}

/** @throws Problem 413, 422, 429, 503 */
async function enqueue(request: IncomingMessage, services: Services): Promise<Job<RunOutcome>> {
  const { options, queue, intake } = services;
  const client = services.clientOf(request);
  queue.checkRoom(client);
  const holding = intake.hold(client);
  try {
    const bytes = await readBody(request, { maxBytes: options.maxBodyBytes, take: holding.take });
    const body = parseJson(bytes);
    const parsed = wireRequestSchema.safeParse(withPrompt(withoutNullSeed(body)));
    if (!parsed.success) throw validationProblem(parsed.error, body, integerFields);
    checkModel(parsed.data.model_name, options.models);
    return queue.submit(
      { ...parsed.data, leftToModel: leftToModel(body) },
      { client, startWithinMs: startLimit(request), onEnd: holding.release },
    );
  } catch (error) {
    holding.release();
    throw error;
  }
}

function checkModel(name: string, models: readonly string[] | undefined): void {
  if (models === undefined || models.includes(name)) return;
  const msg = `model_name: this server offers only ${models.join(', ')}`;
  throw new Problem(422, [{ loc: ['body', 'model_name'], msg, type: 'value_error' }]);
}

/** @throws Problem 404 */
function jobOf({ response, params, services }: RouteCall): Job<RunOutcome> {
  const job = services.queue.get(params.request_id ?? '');
  if (job === undefined) {
    const message =
      'No such request: it has expired, or the server was restarted, which loses waiting and running requests. Send it again';
    throw new Problem(404, message, { type: 'not_found' });
  }
  response.setHeader('x-fal-request-id', job.id);
  return job;
}

/** JavaScript's client writes 1, Python's true. */
function wantsLogs({ query }: RouteCall): boolean {
  return /^(1|true)$/.test(query.get('logs') ?? '');
}

function outputOf({ fileId, answer }: RunOutcome, base: string) {
  return { ...answer, image: { ...answer.image, url: fileUrl(base, fileId, answer.image.file_name) } };
}

/** What is removed needs no description: the prompt may be left out. */
function withPrompt(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('model_name' in body) || 'prompt' in body) return body;
  const { model_name } = body;
  return typeof model_name === 'string' && taskOf(model_name) === 'remove' ? { ...body, prompt: '' } : body;
}

/** Python's clients send None for fields that are left out. */
function withoutNullSeed(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('seed' in body) || body.seed !== null) return body;
  return { ...body, seed: undefined };
}

/** `X-Fal-Request-Timeout`: seconds that a run may wait. */
function startLimit(request: IncomingMessage): number | undefined {
  const seconds = Number(request.headers['x-fal-request-timeout'] ?? Number.NaN);
  return seconds > 0 ? Math.min(seconds, 86_400) * 1000 : undefined;
}
