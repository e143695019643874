import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { bytesOf, mask, picture, post, required, startTestServer } from '../../../../test/support/server';
import type { Engine } from '../../../contract/engine';
import { DeviceLostError, InputError, messageOf } from '../../../contract/errors';
import { inpaintRequestSchema, localOptionsSchema } from '../../../contract/schema';
import { createPaintEngine } from './paintEngine';

const runOf = (engine: Engine, model_name: string) =>
  engine
    .inpaint(
      inpaintRequestSchema.parse({ ...required, model_name, ...pictures }),
      localOptionsSchema.parse({}),
      {
        signal: new AbortController().signal,
        onProgress: () => {},
      },
    )
    .then(
      () => expect.fail('it painted'),
      (error: unknown) => error,
    );
const pictures = {
  image_url: new Blob([bytesOf(picture)]),
  mask_url: new Blob([bytesOf(mask)]),
};

it('says in words for clients that the process ended, and that the engine was shut down', async () => {
  // It ends as soon as it starts: the hub's URL is not valid.
  const paint = { folders: {}, hubUrl: 'no address' };
  const engine = createPaintEngine({ paint, network: { allowPrivate: false } });
  const ended = await runOf(engine, 'starter');
  expect(ended).toBeInstanceOf(DeviceLostError);
  expect(messageOf(ended)).toMatch(/^The painting process ended \(exit code 1\).*Send the request again/);
  await engine.dispose();
  const closed = await runOf(engine, 'starter');
  expect(messageOf(closed)).toMatch(/^The server is stopping/);
  for (const error of [ended, closed]) expect(messageOf(error)).not.toMatch(/page|press|Generate/);
});

it('refuses models at private addresses at once, as the caller’s mistake', async () => {
  const paint = { threads: 1, folders: {}, hubUrl: 'http://127.0.0.1:1', hubToken: 'hf_of-the-operator' };
  const engine = createPaintEngine({ paint, network: { allowPrivate: false } });
  for (const address of ['http://10.0.0.1/model', 'http://127.0.0.1:2/model.safetensors']) {
    const error = await runOf(engine, address);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({
      field: 'model_name',
      message: expect.stringMatching(/^model_name: (10\.0\.0\.1|127\.0\.0\.1) is not on the public internet/),
    });
  }
  // Every user of a machine can read its processes' arguments.
  if (process.platform === 'linux') {
    const commands = readdirSync('/proc').map(commandOf).join();
    expect(commands).toContain('paintProcess');
    expect(commands).not.toContain(paint.hubToken);
  }
  await engine.dispose();
});

it('refuses names that are no models without asking anybody, whatever every object calls its own', async () => {
  const asked: string[] = [];
  const hub = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.statusCode = 500;
    response.end();
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  const hubUrl = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  const paint = { threads: 1, folders: { tiny: 'goldens/models/sd15-inpaint' }, hubUrl };
  const engine = createPaintEngine({ paint, network: { allowPrivate: false } });
  const names = [
    'constructor',
    '__proto__',
    'toString',
    '../../cli/cliPlatform',
    'a/..',
    '../../..',
    'a/b@../..',
  ];
  for (const name of names) {
    const error = await runOf(engine, name);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ field: 'model_name', message: expect.stringContaining(name) });
  }
  expect(asked).toEqual([]);
  await engine.dispose();
  hub.close();
});

const tiny = {
  paint: { threads: 1, folders: { tiny: 'goldens/models/sd15-inpaint' }, hubUrl: 'http://127.0.0.1:1' },
  network: { allowPrivate: false },
};

/** A run of many steps. @returns its end, and when it is in the middle of them */
function longRun(engine: Engine, signal = new AbortController().signal, num_inference_steps = 150) {
  let isUnderWay = () => {};
  const underWay = new Promise<void>((resolve) => {
    isUnderWay = resolve;
  });
  const request = inpaintRequestSchema.parse({
    ...required,
    ...pictures,
    model_name: 'tiny',
    num_inference_steps,
  });
  const end = engine.inpaint(request, localOptionsSchema.parse({}), {
    signal,
    onProgress: ({ stage }) => stage === 'denoise' && isUnderWay(),
  });
  end.catch(() => {});
  return { underWay, end };
}

/** The painting processes that this one started. */
function paintingProcesses(): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!commandOf(entry).includes('paintProcess')) return [];
    const [, , parent] = readFileSync(`/proc/${entry}/stat`, 'utf8')
      .replace(/\(.*\)/, '()')
      .split(' ')
      .slice(1);
    return Number(parent) === process.pid ? [Number(entry)] : [];
  });
}

describe.runIf(process.platform === 'linux')('a painting process', () => {
  it('that was stopped is ended five seconds after a cancel, and the next run goes to a new one', async () => {
    const engine = createPaintEngine(tiny);
    const controller = new AbortController();
    const { underWay, end } = longRun(engine, controller.signal);
    await underWay;
    const other = longRun(engine, undefined, 2);
    const [pid = 0] = paintingProcesses();
    process.kill(pid, 'SIGSTOP');
    const cancelled = performance.now();
    controller.abort();
    await expect(end).rejects.toMatchObject({ name: 'AbortError' });
    const ms = performance.now() - cancelled;
    expect(ms).toBeGreaterThan(4_500);
    expect(ms).toBeLessThan(8_000);
    // The runs that waited behind it continue.
    await expect(other.end).resolves.toMatchObject({ image: { width: 64 } });
    await expect.poll(paintingProcesses).not.toContain(pid);
    await engine.dispose();
  });

  it('that was killed fails its own run alone', async () => {
    const engine = createPaintEngine(tiny);
    const first = longRun(engine);
    await first.underWay;
    const others = [longRun(engine, undefined, 2), longRun(engine, undefined, 2)];
    process.kill(paintingProcesses()[0] ?? 0, 'SIGKILL');
    await expect(first.end).rejects.toThrow(/^The painting process ended \(SIGKILL\)/);
    for (const { end } of others) await expect(end).resolves.toMatchObject({ image: { width: 64 } });
    await engine.dispose();
  });

  it('that was stopped holds the server no longer than its client waits', async () => {
    const engine = createPaintEngine(tiny);
    const { url, close } = await startTestServer({ engine });
    const leaving = new AbortController();
    const body = { ...required, model_name: 'tiny', num_inference_steps: 150 };
    const asked = fetch(`${url}/fal-ai/inpaint`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: leaving.signal,
    }).catch(() => {});
    const health = async () => (await fetch(`${url}/health`)).json();
    await expect.poll(health).toMatchObject({ running: true });
    const [pid = 0] = paintingProcesses();
    process.kill(pid, 'SIGSTOP');
    leaving.abort();
    await asked;
    await expect.poll(health, { timeout: 8_000 }).toMatchObject({ running: false });
    expect((await post(`${url}/fal-ai/inpaint`, { ...body, num_inference_steps: 1 })).status).toBe(200);
    await close();
  });
});

it('lets go of a model whose address never answers as soon as its run is cancelled, and goes on with the next', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/m/`;
  const paint = { threads: 1, folders: {}, hubUrl: 'http://127.0.0.1:1' };
  const engine = createPaintEngine({ paint, network: { allowPrivate: true } });
  const asked = new Promise<void>((resolve) => silent.once('request', () => resolve()));
  const abort = new AbortController();
  const request = inpaintRequestSchema.parse({ ...required, model_name: address, ...pictures });
  const run = engine
    .inpaint(request, localOptionsSchema.parse({}), { signal: abort.signal, onProgress: () => {} })
    .then(
      () => 'it painted',
      (error: unknown) => error,
    );
  await asked;
  const start = performance.now();
  abort.abort();
  expect(await run).toMatchObject({ name: 'AbortError' });
  expect(await runOf(engine, 'constructor')).toBeInstanceOf(InputError);
  expect(performance.now() - start).toBeLessThan(4_000);
  await engine.dispose();
  silent.closeAllConnections();
  silent.close();
});

/** @returns undefined for anything that is not a process, or that ended meanwhile */
function commandOf(entry: string): string {
  try {
    return /^\d+$/.test(entry) ? readFileSync(`/proc/${entry}/cmdline`, 'utf8') : '';
  } catch {
    return '';
  }
}
