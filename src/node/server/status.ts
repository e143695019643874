/** A run's state in the words of fal's queue, once or as a stream of events. */
import type { ServerResponse } from 'node:http';
import { REQUEST } from './paths';
import type { Job, LogLine, RunQueue } from './queue';

/** A comment this often keeps an idle connection open. */
const HEARTBEAT_MS = 15_000;

/** @param base the server's URL as the client knows it @param logs the lines to include with `withLogs` */
export function describeStatus<Input, Result>(
  queue: RunQueue<Input, Result>,
  job: Job<Result>,
  base: string,
  withLogs: boolean,
  logs: readonly LogLine[] = job.logs,
) {
  const url = `${base}${REQUEST.replace('{request_id}', job.id)}`;
  const common = {
    request_id: job.id,
    response_url: url,
    status_url: `${url}/status`,
    cancel_url: `${url}/cancel`,
  };
  const lines = withLogs ? logs : null;
  switch (job.state) {
    case 'queued':
      return { status: 'IN_QUEUE', ...common, queue_position: queue.position(job.id) };
    case 'running':
      return { status: 'IN_PROGRESS', ...common, logs: lines };
    case 'done': {
      const problem = job.outcome && 'problem' in job.outcome ? job.outcome.problem : undefined;
      return {
        status: 'COMPLETED',
        ...common,
        logs: lines,
        metrics: { inference_time: job.seconds ?? null },
        ...(problem && { error: problem.message, error_type: problem.more.type ?? 'validation_error' }),
      };
    }
    default:
      throw new TypeError(`unknown state ${job.state satisfies never}`);
  }
}

/** Sends each change as an event, with only the new lines of the log; ends with the run. */
export function streamStatus<Input, Result>(
  queue: RunQueue<Input, Result>,
  job: Job<Result>,
  base: string,
  withLogs: boolean,
  response: ServerResponse,
): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  let sentLines = 0;
  const send = (): void => {
    const fresh = job.logs.slice(sentLines);
    sentLines = job.logs.length;
    response.write(`data: ${JSON.stringify(describeStatus(queue, job, base, withLogs, fresh))}\n\n`);
    if (job.state === 'done') finish();
  };
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
  const stop = queue.watch(job.id, send);
  const finish = (): void => {
    clearInterval(heartbeat);
    stop();
    response.end();
  };
  response.on('close', finish);
  send();
}
