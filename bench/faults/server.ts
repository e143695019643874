/** Faults around the server: the clients' results before and after each. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mask, picture, post, required } from '../../test/support/server';
import { type Addresses, type Misbehaviour, startAddresses } from './addresses';
import { mountDisk, paintingProcesses, startServer } from './programs';
import {
  check,
  digestOf,
  type Group,
  type Kind,
  lostOf,
  type Outcome,
  pause,
  type State,
  until,
} from './report';

const body = (steps: number, more: object = {}) => ({
  ...required,
  model_name: 'tiny',
  num_inference_steps: steps,
  seed: 5,
  ...more,
});
/** Long enough to interrupt it in the middle. */
const LONG = 150;

type Running = Awaited<ReturnType<typeof startServer>>;
type Answer = { status: number; detail: string; picture: string };

/** The response to a direct request. */
async function answerOf(response: Response): Promise<Answer> {
  const answer = await response.json();
  const address = answer.image?.url;
  const picture = address ? digestOf(new Uint8Array(await (await fetch(address)).arrayBuffer())) : 'none';
  const detail = typeof answer.detail === 'string' ? answer.detail : JSON.stringify(answer.detail ?? '');
  return { status: response.status, detail, picture };
}

const paint = async ({ url }: Running, steps = 1, more: object = {}) =>
  answerOf(await post(`${url}/fal-ai/inpaint`, body(steps, more)));

async function submit(
  { url }: Running,
  steps: number,
): Promise<{ status_url: string; response_url: string }> {
  const response = await post(`${url}/queue/fal-ai/inpaint`, body(steps));
  check(response.status === 200, `the queue answered ${response.status}`);
  return response.json();
}

const statusOf = async (job: { status_url: string }) =>
  (await (await fetch(`${job.status_url}?logs=1`)).json()) as {
    status?: string;
    error?: string;
    logs?: unknown;
  };
const isPainting = (job: { status_url: string }) =>
  until(async () => JSON.stringify(await statusOf(job)).includes('%| '), 'the first steps');
const hasEnded = (job: { status_url: string }) =>
  until(async () => (await statusOf(job)).status === 'COMPLETED', 'the end of the run');
const healthOf = async ({ url }: Running) =>
  (await (await fetch(`${url}/health`)).json()) as { running: boolean; queued: number };

async function stop(server: Running): Promise<void> {
  server.child.kill('SIGTERM');
  await server.ended;
}

/** Every file in the results folder with its digest. */
const filesOf = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map((name) => `${name.slice(0, 6)}… ${digestOf(readFileSync(join(folder, name)))}`);

interface Scene {
  server: Running;
  /** Of the stored results. */
  folder: string;
}

/** A server with a result finished before the fault, and a run after it. */
async function faulty(
  options: string[],
  harm: (scene: Scene) => Promise<{ told: string; since: number; server?: Running }>,
  folder = mkdtempSync(join(tmpdir(), 'inlay-faults-results-')),
): Promise<Outcome> {
  const first = await startServer(['--results', folder, ...options]);
  let server = first;
  try {
    const finished = await paint(server);
    check(finished.status === 200, `the first run ended with ${finished.status}: ${finished.detail}`);
    const before: State = { results: filesOf(folder) };
    const { told, since, server: another } = await harm({ server, folder });
    server = another ?? first;
    const after: State = { results: filesOf(folder) };
    const [next, usableMs] = await nextRun(server, since);
    check(next.picture === finished.picture, `not the same image as before: ${next.picture}`);
    return { before, after, told, usableMs, next: `200, picture ${next.picture}, the same as before` };
  } finally {
    await stop(server);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function nextRun(server: Running, since: number): Promise<[Answer, number]> {
  const next = await paint(server);
  check(next.status === 200, `the next run ended with ${next.status}: ${next.detail}`);
  return [next, performance.now() - since];
}

/** The painting process. */
async function painterOf(server: Running): Promise<number> {
  return until(() => paintingProcesses(server.child.pid ?? 0)[0], 'the process that paints');
}

function kinds(addresses: Addresses): Kind[] {
  const ofAddress = (how: Misbehaviour): Kind => ({
    name: `Server: image_url is ${how}`,
    run: () =>
      faulty(['--allow-private'], async ({ server }) => {
        const leaving = new AbortController();
        const asked = fetch(`${server.url}/fal-ai/inpaint`, {
          method: 'POST',
          body: JSON.stringify(body(1, { image_url: addresses.of(how, 'picture.png'), mask_url: mask })),
          signal: leaving.signal,
        });
        await until(() => addresses.open > 0, 'the question');
        const since = performance.now();
        let told = 'nothing: the client went away';
        // A trickling response is slow, not silent, so the client has to cancel it.
        if (how === 'dripping') {
          await pause(3000);
          leaving.abort();
          await asked.catch(() => {});
        } else {
          const { status, detail } = await answerOf(await asked);
          check(status >= 400, `it was answered ${status}`);
          told = `${status}: ${detail}`;
        }
        await until(() => addresses.open === 0, 'the end of the connection');
        return { told, since };
      }),
  });
  return [
    {
      name: 'Server: the process that paints is killed, two requests wait',
      run: () =>
        faulty([], async ({ server, folder }) => {
          const [struck, ...others] = [
            await submit(server, LONG),
            await submit(server, 1),
            await submit(server, 1),
          ];
          if (!struck) throw new Error('no run');
          await isPainting(struck);
          const had = filesOf(folder).length;
          const since = performance.now();
          process.kill(await painterOf(server), 'SIGKILL');
          await hasEnded(struck);
          for (const job of others) {
            await hasEnded(job);
            const { status, detail } = await answerOf(await fetch(job.response_url));
            check(status === 200, `one that waited ended with ${status}: ${detail}`);
          }
          check(filesOf(folder).length === had + 2, 'the results of those that waited are not kept');
          const { status, detail } = await answerOf(await fetch(struck.response_url));
          check(status >= 500, `the struck run ended with ${status}`);
          return { told: `${status}: ${detail}; those that waited: 200`, since };
        }),
    },
    {
      name: 'Server: the process that paints is stopped, and the client cancels',
      run: () =>
        faulty([], async ({ server }) => {
          const struck = await submit(server, LONG);
          await isPainting(struck);
          process.kill(await painterOf(server), 'SIGSTOP');
          const since = performance.now();
          const cancelled = await fetch(struck.status_url.replace(/status$/, 'cancel'), { method: 'PUT' });
          await until(async () => !(await healthOf(server)).running, 'the end of the run');
          return { told: `${cancelled.status}: ${JSON.stringify(await cancelled.json())}`, since };
        }),
    },
    {
      name: 'Server: the client goes away in the middle of its run',
      run: () =>
        faulty([], async ({ server }) => {
          const leaving = new AbortController();
          const asked = fetch(`${server.url}/fal-ai/inpaint`, {
            method: 'POST',
            body: JSON.stringify(body(LONG)),
            signal: leaving.signal,
          }).catch(() => {});
          await until(async () => (await healthOf(server)).running, 'the run');
          await pause(1000);
          const since = performance.now();
          leaving.abort();
          await asked;
          await until(async () => !(await healthOf(server)).running, 'the end of the run');
          return { told: 'nothing: the client is gone', since };
        }),
    },
    {
      name: 'Server: a client asks for the state of its run and breaks off, again and again',
      run: () =>
        faulty([], async ({ server }) => {
          const job = await submit(server, LONG);
          await isPainting(job);
          const since = performance.now();
          for (let i = 0; i < 20; i++) {
            const leaving = new AbortController();
            const asked = fetch(`${job.status_url}/stream`, { signal: leaving.signal }).catch(() => {});
            await pause(20);
            leaving.abort();
            await asked;
          }
          await hasEnded(job);
          const { status, picture: result } = await answerOf(await fetch(job.response_url));
          check(status === 200 && result !== 'none', `the run ended with ${status}`);
          return { told: `${status}, its picture is there`, since };
        }),
    },
    {
      name: 'Server: bodies that drip in hold half of the connections',
      run: () =>
        faulty([], async ({ server }) => {
          const held = Array.from({ length: 40 }, () => {
            const request = httpRequest(`${server.url}/fal-ai/inpaint`, {
              method: 'POST',
              headers: { 'Content-Length': 1_000_000 },
            }).on('error', () => {});
            request.write('{');
            return request;
          });
          await pause(500);
          const since = performance.now();
          const { status } = await paint(server);
          check(status === 200, `beside them a run was answered ${status}`);
          for (const request of held) request.destroy();
          return { told: 'nothing: others are served meanwhile', since };
        }),
    },
    {
      name: 'Server: the disk of --results is full when the picture is done',
      async run() {
        const folder = mkdtempSync(join(tmpdir(), 'inlay-faults-disk-'));
        const unmount = mountDisk(folder, 64);
        const server = await startServer(['--results', folder, '--keep', '60']);
        try {
          const answers: Answer[] = [];
          while (answers.at(-1)?.status !== 507 && answers.length < 40) answers.push(await paint(server));
          const full = answers.at(-1);
          check(full?.status === 507, `the last answer is ${full?.status}`);
          const before: State = { results: filesOf(folder) };
          check((await paint(server)).status === 507, 'the full disk took another');
          const whole = (name: string) =>
            readFileSync(join(folder, name)).subarray(-8, -4).toString('latin1') === 'IEND';
          check(readdirSync(folder).every(whole), 'a file is not whole');
          check(readdirSync(folder).length === answers.length - 1, 'not one file for each image');
          const [oldest = ''] = readdirSync(folder);
          const after: State = { results: filesOf(folder) };
          const since = performance.now();
          rmSync(join(folder, oldest));
          const [next, usableMs] = await nextRun(server, since);
          return {
            before,
            after,
            told: `507: ${full?.detail}`,
            usableMs,
            next: `200, picture ${next.picture}, once a file was taken away`,
          };
        } finally {
          await stop(server);
          unmount();
          rmSync(folder, { recursive: true });
        }
      },
    },
    ...(['SIGTERM', 'SIGKILL'] as const).map(
      (signal): Kind => ({
        name: `Server: ${signal} with a run under way and a queue, then started again`,
        run: () =>
          faulty(['--grace', '1'], async ({ server, folder }) => {
            const runs = [await submit(server, LONG), await submit(server, LONG), await submit(server, 1)];
            if (!runs[0]) throw new Error('no run');
            await isPainting(runs[0]);
            const direct = post(`${server.url}/fal-ai/inpaint`, body(1)).then(answerOf, () => null);
            await until(async () => (await healthOf(server)).queued === 3, 'the queue');
            const painter = await painterOf(server);
            const before = filesOf(folder);
            const since = performance.now();
            server.child.kill(signal);
            await server.ended;
            const answer = await direct;
            await until(
              () => !paintingProcesses(1).includes(painter) && isGone(painter),
              'the end of the painter',
              20_000,
            );
            const another = await startServer(['--results', folder]);
            check(lostOf({ results: before }, { results: filesOf(folder) }).length === 0, 'a result is gone');
            const asked = await answerOf(
              await fetch((runs[2]?.status_url ?? '').replace(server.url, another.url)),
            );
            check(asked.status === 404, `the next server answers ${asked.status} for what it never had`);
            const waiting = answer ? `${answer.status}: ${answer.detail}` : 'the connection breaks';
            return {
              told: `waiting: ${waiting}. Asked later: ${asked.status}: ${asked.detail}`,
              since,
              server: another,
            };
          }),
      }),
    ),
    ...(['silent', 'dripping', 'endless'] as const).map(ofAddress),
  ];
}

/** Whether a process has ended, or is a zombie. */
function isGone(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/\(.*\)/, '()'));
  } catch {
    return true;
  }
}

export const server: Group = {
  name: 'server',
  async begin() {
    check(picture.startsWith('data:'), 'no image');
    const addresses = await startAddresses();
    return { kinds: kinds(addresses), end: () => addresses.close() };
  },
};
