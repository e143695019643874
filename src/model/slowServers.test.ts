/**
 * Servers that fall silent, drip, send without end or announce sizes that nothing has: reading a model never waits for them.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { folderFiles } from '../node/folder';
import { createNodeRuntime } from '../node/ort';
import { heeding, httpFiles } from './files';
import { loadModel } from './load';
import { modelNeeds } from './memoryNeeds';
import { factsOf } from './modelSummary';
import { connect } from './source/download';
import { findModel } from './source/source';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Answer = (response: ServerResponse, path: string) => void;

const silent: Answer = () => {};
const dripping: Answer = (response) => {
  response.write('{');
  const drip = setInterval(() => response.write(' '), 10);
  response.on('close', () => clearInterval(drip));
};
const endless: Answer = (response) => {
  const block = Buffer.alloc(1 << 20, 0x20);
  const more = () => {
    while (!response.destroyed && response.write(block));
  };
  response.on('drain', more);
  response.write('{');
  more();
};
const declaring =
  (length: number): Answer =>
  (response) => {
    response.setHeader('content-length', length);
    response.write('{');
  };

async function serve(answer: Answer): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(response, request.url ?? '');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/m/`, asked };
}

const stallMs = 200;

describe('a folder at an address', () => {
  it.each([
    ['that is silent', silent, /model "m": model_index\.json: no answer for 0\.2 s/],
    ['that drips', dripping, /model "m": model_index\.json: only \d+ bytes arrived in/],
    ['whose JSON has no end', endless, /model "m": model_index\.json: more than 16 MB arrived/],
    [
      'whose JSON is declared at 4.4 TB',
      declaring(2 ** 42),
      /the server declares 4\.4 TB, and the limit is 16 MB/,
    ],
  ])('%s', async (_, answer, message) => {
    const { url } = await serve(answer);
    const start = performance.now();
    await expect(factsOf(httpFiles('m', url, { stallMs }))).rejects.toThrow(message);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('whose weights are declared at 4.4 TB', async () => {
    const { url } = await serve(declaring(2 ** 42));
    const read = httpFiles('m', url, { stallMs }).read('unet/diffusion_pytorch_model.safetensors');
    await expect(read).rejects.toThrow('the server declares 4.4 TB, and the limit is 16 GB');
  });
});

describe('looking for a model', () => {
  const find = (name: string, hubUrl?: string) =>
    findModel(
      name,
      connect(hubUrl ?? 'http://h', new AbortController().signal, { stallMs, wait: async () => {} }),
      hubUrl,
    );

  it.each([
    ['is silent', silent, /could not be reached \(no answer for 0\.2 s\), 2 times in a row/, 2],
    ['sends JSON without end', endless, /model_index\.json: more than 16 MB arrived/, 1],
    ['declares 4.4 TB', declaring(2 ** 42), /model_index\.json: the server declares 4\.4 TB/, 1],
  ])('at an address that %s', async (_, answer, message, asked) => {
    const server = await serve(answer);
    await expect(find(server.url)).rejects.toThrow(message);
    expect(server.asked.length).toBe(asked);
  });

  it.each([
    ['is silent', silent, /could not be reached \(no answer for 0\.2 s\), 2 times in a row/],
    ['sends JSON without end', endless, /more than 16 MB arrived/],
    ['drips', dripping, /could not be reached \(only \d+ bytes arrived in/],
  ])('on a hub that %s', async (_, answer, message) => {
    const { url } = await serve(answer);
    await expect(find('a/b', new URL(url).origin)).rejects.toThrow(message);
  });

  it('on a hub whose listing has no end', async () => {
    const entries = Array.from({ length: 1000 }, (_, i) => ({
      type: 'file',
      path: `f${i}`,
      size: 1,
      oid: 'x',
    }));
    const { url, asked } = await serve((response, path) => {
      if (path.includes('/revision/')) {
        response.end(
          JSON.stringify({
            _id: 'x',
            id: 'a/b',
            modelId: 'a/b',
            sha: 'f'.repeat(40),
            gated: false,
            private: false,
          }),
        );
        return;
      }
      response.setHeader('link', `<${new URL(path, url).href}>; rel="next"`);
      response.end(JSON.stringify(entries));
    });
    await expect(find('a/b', new URL(url).origin)).rejects.toThrow('it has more than 20000 files');
    expect(asked.length).toBeLessThan(30);
  });
});

describe('a cancel ends every read of a model within a moment', () => {
  let runtime: Awaited<ReturnType<typeof createNodeRuntime>>;
  beforeAll(async () => {
    runtime = await createNodeRuntime(1);
  });
  const disk = folderFiles('goldens/models/sd15-inpaint');

  // Whatever is asked for first, or only after others were answered.
  it.each([
    'model_index.json',
    'unet/config.json',
    'tokenizer/vocab.json',
    'scheduler/scheduler_config.json',
  ])('that of %s, which never comes', async (held) => {
    const { url } = await serve((response, path) => {
      if (path.endsWith(held)) return;
      disk.read(path.slice('/m/'.length)).then((bytes) => {
        response.statusCode = bytes === undefined ? 404 : 200;
        response.end(bytes);
      });
    });
    for (const read of [
      (signal: AbortSignal) => loadModel(httpFiles('m', url), runtime, { signal, onProgress() {} }),
      (signal: AbortSignal) => factsOf(httpFiles('m', url), signal),
      (signal: AbortSignal) =>
        modelNeeds(heeding(httpFiles('m', url), { signal }), runtime.target, {
          totalBytes: 1e12,
          wholePictureBytes: 1e12,
          residentBytes: 1e12,
          bufferBytes: 1e12,
          reason: '',
        }),
    ]) {
      const abort = new AbortController();
      const start = performance.now();
      const done = read(abort.signal).then(
        () => 'not asked for',
        (error: unknown) => error,
      );
      setTimeout(() => abort.abort(), 300);
      const error = await done;
      if (error !== 'not asked for') expect(error).toMatchObject({ name: 'AbortError' });
      expect(performance.now() - start).toBeLessThan(5_000);
    }
  });
});
