/** What the server does when things go wrong around it: full disks, stops, unforeseen errors. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { paintingEngine, patientEngine, post, required } from '../../../test/support/server';
import { start } from '../../../test/support/startServer';
import { folderFileStore } from './files';

const withFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'inlay-results-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

describe('a full disk', () => {
  it('leaves no broken file, is told as such, and is over once there is room', () =>
    withFolder(async (folder) => {
      let isFull = true;
      const files = await folderFileStore(folder, {
        keepMs: 60_000,
        maxBytes: 1e6,
        async writeWhole(path, bytes) {
          writeFileSync(path, isFull ? bytes.subarray(0, 2) : bytes);
          if (isFull)
            throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        },
      });
      const put = () => files.put({ name: 'a.png', contentType: 'image/png', bytes: new Uint8Array(5) });
      await expect(put()).rejects.toMatchObject({
        status: 507,
        message: expect.stringMatching(/disk is full.*--results.*Send the request again/),
      });
      expect([readdirSync(folder), files.totalBytes]).toEqual([[], 0]);
      isFull = false;
      const { id } = await put();
      expect((await files.get(id))?.bytes.byteLength).toBe(5);
      expect(readdirSync(folder)).toEqual([`${id}.a.png`]);
    }));

  it('what an earlier server left unfinished is removed at the start', () =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, '.unfinished-aaaaaaaaaaaaaaaaaaaaaa'), 'half');
      writeFileSync(join(folder, 'notes.txt'), 'somebody’s own');
      const files = await folderFileStore(folder, { keepMs: 60_000, maxBytes: 1e6 });
      expect([readdirSync(folder), files.totalBytes]).toEqual([['notes.txt'], 0]);
    }));
});

describe('a stop', () => {
  it('lets what runs end, tells what waits, and takes nothing more', async () => {
    const { engine, hasStarted, release } = patientEngine();
    const { url, close } = await start({ engine });
    const running = post(`${url}/fal-ai/inpaint`, required);
    await hasStarted;
    const waiting = post(`${url}/fal-ai/inpaint`, required);
    const queued = await (await post(`${url}/queue/fal-ai/inpaint`, required)).json();
    await expect.poll(async () => (await (await fetch(`${url}/health`)).json()).queued).toBe(2);
    const closed = close(60_000);
    const lost = await waiting;
    expect([lost.status, lost.headers.get('retry-after')]).toEqual([503, '10']);
    expect(await lost.json()).toEqual({
      detail:
        'The server is stopping and dropped the waiting requests. Send the request again once it is back',
      error_type: 'runner_scheduling_failure',
    });
    const late = await post(`${url}/fal-ai/inpaint`, required);
    expect([late.status, (await late.json()).detail]).toEqual([
      503,
      expect.stringContaining('did not accept'),
    ]);
    expect(await (await fetch(queued.status_url)).json()).toMatchObject({
      status: 'COMPLETED',
      error: expect.stringContaining('dropped the waiting requests'),
    });
    expect((await fetch(queued.response_url)).status).toBe(503);
    release();
    expect((await running).status).toBe(200);
    await closed;
    // Clients that ask the next server about it are told, too.
    const next = await start({ engine });
    const unknown = await fetch(queued.status_url.replace(url, next.url));
    expect([unknown.status, (await unknown.json()).detail]).toEqual([
      404,
      expect.stringMatching(/restarted, which loses waiting and running requests\. Send it again$/),
    ]);
  });

  it('cuts a run short once its time is over, and says so', async () => {
    const { engine, hasStarted } = patientEngine();
    const { url, close } = await start({ engine });
    const running = post(`${url}/fal-ai/inpaint`, required);
    await hasStarted;
    await close(50);
    const response = await running;
    expect([response.status, (await response.json()).detail]).toEqual([
      503,
      'The server is stopping and cut the run short. Send the request again once it is back',
    ]);
  });

  it('by SIGTERM ends the server and its painting process with an answer', async () => {
    const server = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', 'src/node/server/main.ts', '--grace', '0', '--threads', '1'],
        ...['--folder', 'tiny=goldens/models/sd15-inpaint'],
      ],
      { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const ended = new Promise((resolve) => server.on('exit', (code, signal) => resolve(signal ?? code)));
    const url = await new Promise<string>((resolve) =>
      server.stdout.on('data', (data) => {
        const found = /http:\/\/\S+/.exec(String(data));
        if (found) resolve(found[0]);
      }),
    );
    const body = { ...required, model_name: 'tiny', num_inference_steps: 150 };
    const { status_url } = await (await post(`${url}/queue/fal-ai/inpaint`, body)).json();
    await expect
      .poll(async () => JSON.stringify(await (await fetch(`${status_url}?logs=1`)).json()))
      .toContain('%| ');
    const direct = post(`${url}/fal-ai/inpaint`, body);
    await expect.poll(async () => (await (await fetch(`${url}/health`)).json()).queued).toBe(1);
    server.kill('SIGTERM');
    expect((await direct).status).toBe(503);
    expect(await ended).toBe(0);
  });
});

describe('an error that nobody foresaw', () => {
  it('is logged with its stack and the request’s id, and is none of the client’s business', async () => {
    const engine = paintingEngine(() => {
      throw new TypeError('marker of the inside');
    });
    const { url, lines } = await start({ engine });
    const response = await post(`${url}/fal-ai/inpaint`, required);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      detail: [{ loc: ['body'], msg: 'Internal server error', type: 'internal_server_error' }],
    });
    const logged = lines.filter(({ event }) => event === 'error');
    expect(logged).toEqual([
      {
        time: expect.any(String),
        event: 'error',
        request_id: response.headers.get('x-fal-request-id'),
        message: expect.stringMatching(/^TypeError: marker of the inside\n {4}at .*failures\.test\.ts/),
      },
    ]);
  });
});

it('a number that breaks two rules alike is answered once', async () => {
  const { url } = await start();
  const response = await post(`${url}/fal-ai/inpaint`, { ...required, seed: 2 ** 53 });
  expect(response.status).toBe(422);
  expect((await response.json()).detail).toHaveLength(1);
});
