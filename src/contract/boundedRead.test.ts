import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { askBounded, boundedBody, fetchBounded, TooLongError } from './boundedRead';
import { InputError, NetworkError } from './errors';

const servers: Server[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** @returns the address of a server that answers so, and what became of its answers */
async function serve(answer: (response: ServerResponse) => void): Promise<{ url: string; closed(): number }> {
  let closed = 0;
  const server = createServer((_, response) => {
    response.on('close', () => closed++);
    answer(response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, closed: () => closed };
}

/** A body that gives a chunk whenever it is asked. */
function endless(chunk: Uint8Array<ArrayBuffer>, onPull: () => void = () => {}): Response {
  return new Response(
    new ReadableStream({
      pull(controller) {
        onPull();
        controller.enqueue(chunk);
      },
    }),
  );
}

const what = 'model "m": config.json';

test('a body within its limits comes whole, with its progress', async () => {
  const { url } = await serve((response) => {
    response.setHeader('content-length', '6');
    response.write('abc');
    setTimeout(() => response.end('def'), 20);
  });
  const seen: [number, number][] = [];
  const { response, bytes } = await fetchBounded(url, {
    maxBytes: 6,
    what,
    onProgress: (loaded, total) => seen.push([loaded, total]),
  });
  expect(response.status).toBe(200);
  expect(new TextDecoder().decode(bytes)).toBe('abcdef');
  expect(seen.at(-1)).toEqual([6, 6]);
});

test('a body of unknown length grows as it comes', async () => {
  const { url } = await serve((response) => {
    response.write(Buffer.alloc(100_000, 1));
    response.end(Buffer.alloc(50_001, 2));
  });
  const { bytes } = await fetchBounded(url, { maxBytes: 1e6, what });
  expect(bytes.byteLength).toBe(150_001);
  expect([bytes[99_999], bytes[100_000], bytes[150_000]]).toEqual([1, 2, 2]);
});

test('a server that never answers is given up, and its connection closed', async () => {
  const { url, closed } = await serve(() => {});
  await expect(fetchBounded(url, { maxBytes: 10, what, stallMs: 100 })).rejects.toThrow(
    'model "m": config.json: no answer for 0.1 s; check the URL and your connection',
  );
  await expect.poll(closed).toBe(1);
});

test('a server that falls silent within its answer is given up', async () => {
  const { url, closed } = await serve((response) => void response.write('{'));
  const error = await fetchBounded(url, { maxBytes: 10, what, stallMs: 100 }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(NetworkError);
  expect(String(error)).toMatch(/no byte arrived for|only 1 bytes arrived in/);
  await expect.poll(closed).toBe(1);
});

test('a server that drips is given up though it never stalls', async () => {
  const { url, closed } = await serve((response) => {
    const drip = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(drip));
  });
  await expect(fetchBounded(url, { maxBytes: 1e6, what, stallMs: 200 })).rejects.toThrow(
    /only \d+ bytes arrived in 0\.\d+ s/,
  );
  await expect.poll(closed).toBe(1);
});

test('a slow line that keeps the lowest pace is no drip', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // 20 kB every 2 s: two minutes in all.
      await vi.advanceTimersByTimeAsync(2_000);
      if (++sent > 60) controller.close();
      else controller.enqueue(new Uint8Array(20_000));
    },
  });
  const bytes = await boundedBody(new Response(body), { maxBytes: 2e6, what });
  expect(bytes.byteLength).toBe(1_200_000);
});

test('a body without end stops at its limit', async () => {
  let pulls = 0;
  const response = endless(new Uint8Array(1_000), () => pulls++);
  await expect(boundedBody(response, { maxBytes: 10_000, what })).rejects.toThrow(TooLongError);
  expect(pulls).toBeLessThan(15);
});

test.each([`${20_000_000}`, `${2 ** 42}`, '1e400', '9'.repeat(400)])(
  'a declared length of %s is refused before a byte is read',
  async (length) => {
    let pulls = 0;
    const { body } = endless(new Uint8Array(1), () => pulls++);
    const response = new Response(body, { headers: { 'content-length': length } });
    const before = pulls;
    await expect(boundedBody(response, { maxBytes: 16_000_000, what })).rejects.toThrow(
      /the server declares .*, and the limit is 16 MB; check the URL/,
    );
    expect(pulls).toBe(before);
  },
);

test('of a coded body the arrived bytes count, not the declared ones', async () => {
  const headers = { 'content-encoding': 'gzip', 'content-length': '3' };
  const response = new Response(new Uint8Array(50), { headers });
  expect((await boundedBody(response, { maxBytes: 50, what })).byteLength).toBe(50);
});

test('a body that ends before its declared length is no file', async () => {
  const response = new Response(new Uint8Array(3), { headers: { 'content-length': '5' } });
  await expect(boundedBody(response, { maxBytes: 50, what })).rejects.toThrow('3 of 5 bytes arrived');
});

test('an abort ends the wait for an answer and for a byte, with its own reason', async () => {
  const { url: mute } = await serve(() => {});
  const { url: stalled, closed } = await serve((response) => void response.write('{'));
  for (const url of [mute, stalled]) {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    await expect(fetchBounded(url, { maxBytes: 10, what, signal: abort.signal })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
  }
  await expect.poll(closed).toBe(1);
  await expect(fetchBounded(mute, { maxBytes: 10, what, signal: AbortSignal.abort() })).rejects.toMatchObject(
    { name: 'AbortError' },
  );
});

test('an answer that is no success is told by its status, its body left', async () => {
  const { url } = await serve((response) => {
    response.statusCode = 404;
    response.end('x'.repeat(100));
  });
  const { response, bytes } = await fetchBounded(url, { maxBytes: 10, what });
  expect([response.status, bytes.byteLength]).toEqual([404, 0]);
});

test('a connection that fails, and an address that is refused', async () => {
  const failing = () => Promise.reject(new TypeError('fetch failed'));
  await expect(askBounded('http://x/', { what, fetch: failing })).rejects.toThrow(
    'model "m": config.json: it could not be fetched (fetch failed); check the URL and your connection',
  );
  const refusing = () => Promise.reject(new InputError('model_name', 'no'));
  await expect(askBounded('http://x/', { what, fetch: refusing })).rejects.toThrow(InputError);
});

test('an answer to HEAD has the length of the file and no body, which browsers give as an empty one', async () => {
  const answer = new Response(new Blob([]).stream(), { headers: { 'content-length': '1754' } });
  const { response, bytes } = await fetchBounded('https://host.test/file', {
    maxBytes: 10_000,
    what,
    init: { method: 'HEAD' },
    fetch: async () => answer,
  });
  expect(response.headers.get('content-length')).toBe('1754');
  expect(bytes).toHaveLength(0);
});
