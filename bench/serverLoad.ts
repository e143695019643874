/**
 * Load tests of the server that take too long for the test run:
 *
 *   tsx bench/serverLoad.ts refused [80000]   memory after every 10,000 of that many refused requests
 *   tsx bench/serverLoad.ts at-once [500]     that many at once: none lost, in order, each with its own seed
 *   tsx bench/serverLoad.ts disk-full         results on a disk of 64 kB (Linux, as root): the responses, and the files left
 *
 * Prints what it finds; exit code 1 if something is wrong.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPaintEngine } from '../src/node/server/painting/paintEngine';
import { post, required, startTestServer } from '../test/support/server';

const tiny = { ...required, model_name: 'tiny', num_inference_steps: 1 };
const setup = {
  paint: { threads: 1, folders: { tiny: 'goldens/models/sd15-inpaint' }, hubUrl: 'http://127.0.0.1:1' },
  network: { allowPrivate: false },
};

function check(holds: boolean, what: string): void {
  console.log(`${holds ? 'as it should be' : 'WRONG'}: ${what}`);
  if (!holds) process.exitCode = 1;
}

/** Starts the server as users do. @returns its URL, and a function that stops it */
async function serve(...options: string[]): Promise<{ url: string; stop(): void }> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      'src/node/server/main.ts',
      '--folder',
      'tiny=goldens/models/sd15-inpaint',
      ...options,
    ],
    { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  for await (const data of child.stdout) {
    const found = /http:\/\/\S+/.exec(String(data));
    if (found) return { url: found[0], stop: () => void child.kill('SIGTERM') };
  }
  throw new Error('the server did not start');
}

async function refused(count: number): Promise<void> {
  const { url, stop } = await serve();
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const body = JSON.stringify({ ...required, image_url: 'data:nothing' });
  const ask = () =>
    new Promise<number>((resolve, reject) => {
      httpRequest(`${url}/fal-ai/inpaint`, { agent, method: 'POST' }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end(body);
    });
  const megabytes = async () =>
    Number(/resident_memory_bytes (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]) / 1e6;
  const statuses = new Map<number, number>();
  const rows: number[] = [];
  for (let done = 0; done < count; done += 10_000) {
    const ofThis = Math.min(10_000, count - done);
    let next = 0;
    const worker = async () => {
      while (next++ < ofThis) {
        const status = await ask();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    rows.push(await megabytes());
    console.log(`${done + ofThis} refused: ${rows.at(-1)?.toFixed(0)} MB resident`);
  }
  console.log('statuses', Object.fromEntries(statuses));
  const [first = 0] = rows;
  check(
    (rows.at(-1) ?? 0) - first < 60,
    `memory grew by ${((rows.at(-1) ?? 0) - first).toFixed(0)} MB since the first 10,000`,
  );
  agent.destroy();
  stop();
}

async function atOnce(count: number): Promise<void> {
  const painting = createPaintEngine(setup);
  const order: string[] = [];
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const engine = {
    ...painting,
    async inpaint(...parameters: Parameters<typeof painting.inpaint>) {
      await gate;
      order.push(parameters[0].prompt);
      return painting.inpaint(...parameters);
    },
  };
  const { url, close } = await startTestServer({ engine }, { queueLimit: count - 1, clientLimit: count });
  const started = performance.now();
  const answers = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const response = await post(`${url}/queue/fal-ai/inpaint`, { ...tiny, prompt: `number ${i}` });
      const { request_id, queue_position = -1 } = await response.json();
      return { prompt: `number ${i}`, position: Number(queue_position), request_id };
    }),
  );
  open();
  const seeds = new Set<number>();
  for (const { request_id } of answers) {
    const address = `${url}/fal-ai/inpaint/requests/${request_id}`;
    while ((await fetch(`${address}/status`)).status !== 200)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const response = await fetch(address);
    if (response.status === 200) seeds.add((await response.json()).seed);
  }
  console.log(`${count} at once, answered in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const expected = [...answers].sort((a, b) => a.position - b.position).map(({ prompt }) => prompt);
  check(seeds.size === count, `${seeds.size} pictures, each with a seed of its own`);
  check(expected.join() === order.join(), 'run in the order of arrival');
  await close();
}

async function diskFull(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'inlay-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  try {
    const { url, stop } = await serve('--results', folder, '--threads', '1');
    const statuses: number[] = [];
    let told = '';
    for (let i = 0; i < 24; i++) {
      const response = await post(`${url}/fal-ai/inpaint`, { ...tiny, seed: i });
      statuses.push(response.status);
      const answer = await response.json();
      if (response.status === 507) told = answer.detail;
    }
    const files = readdirSync(folder);
    const isWhole = (name: string) =>
      readFileSync(join(folder, name)).subarray(-8, -4).toString('latin1') === 'IEND';
    console.log('answers', statuses.join(' '));
    console.log(
      'files',
      files.length,
      'bytes',
      files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0),
    );
    check(
      new Set(statuses).size === 2 && statuses.includes(507),
      `200 while there is room, then 507: ${told}`,
    );
    check(
      files.length === statuses.filter((status) => status === 200).length,
      'one file for each image, and no others',
    );
    check(files.every(isWhole), 'every file is whole');
    check((await fetch(`${url}/health`)).status === 200, 'the server is alive');
    stop();
    await new Promise((resolve) => setTimeout(resolve, 1000));
  } finally {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
}

const [what, count] = process.argv.slice(2);
if (what === 'refused') await refused(Number(count ?? 80_000));
else if (what === 'at-once') await atOnce(Number(count ?? 500));
else if (what === 'disk-full') await diskFull();
else {
  console.error('refused [80000], at-once [500] or disk-full');
  process.exitCode = 2;
}
