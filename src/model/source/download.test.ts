import { expect, it } from 'vitest';
import { collect, connect, download, type RemoteFile } from './download';
import { readSmallFile } from './sourceFile';

const bytes = Uint8Array.from({ length: 10 }, (_, i) => i);
const file: RemoteFile = { path: 'a.bin', size: 10, at: { url: 'https://models.example/a.bin' } };

it('asks again where a server sends another part than was asked for', async () => {
  const asked: (string | null)[] = [];
  const part = (from: number) =>
    new Response(bytes.slice(from), {
      status: 206,
      headers: { 'Content-Range': `bytes ${from}-9/10` },
    });
  const connection = connect('https://models.example', new AbortController().signal, {
    fetch: async (_url, init) => {
      asked.push(new Headers(init?.headers).get('Range'));
      return part(asked.length === 1 ? 4 : 2);
    },
    wait: async () => {},
  });
  const found = await collect(download(file, connection, { start: 2, end: 10 }), 8);
  expect([...found]).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  expect(asked).toEqual(['bytes=2-', 'bytes=2-']);
});

/** A server whose answers are bodies without a declared end, each byte as `next` says. */
function dripping(next: () => Promise<void>, perChunk = 1, chunks = Number.POSITIVE_INFINITY) {
  let asked = 0;
  const fetch = async (_url: unknown, init?: RequestInit) => {
    asked++;
    const from = Number(/bytes=(\d+)/.exec(new Headers(init?.headers).get('Range') ?? '')?.[1] ?? 0);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await next();
        if (sent++ >= chunks) controller.close();
        else controller.enqueue(new Uint8Array(perChunk));
      },
    });
    return new Response(body, { status: 206, headers: { 'Content-Range': `bytes ${from}-1/1000000` } });
  };
  return { fetch, asked: () => asked };
}

const large: RemoteFile = { path: 'a.bin', size: 1_000_000, at: { url: 'https://models.example/a.bin' } };

it('gives up a server that drips, though it never stalls', async () => {
  const server = dripping(() => new Promise((resolve) => setTimeout(resolve, 5)));
  const manners = { fetch: server.fetch, wait: async () => {}, stallMs: 50 };
  const connection = connect('https://models.example', new AbortController().signal, manners);
  const read = collect(download(large, connection, { start: 1, end: 1_000_000 }), 999_999);
  await expect(read).rejects.toThrow('a.bin: the server all but stopped, 7 times in a row; what has arrived');
  expect(server.asked()).toBe(7);
});

it('gives up a server that breaks off after every byte', async () => {
  const server = dripping(async () => {}, 1, 1);
  const connection = connect('https://models.example', new AbortController().signal, {
    fetch: server.fetch,
    wait: async () => {},
  });
  const read = collect(download(large, connection, { start: 1, end: 1_000_000 }), 999_999);
  await expect(read).rejects.toThrow('7 times in a row');
  expect(server.asked()).toBe(7);
});

it('goes on with a server that breaks off now and then', async () => {
  const server = dripping(async () => {}, 70_000, 1);
  const connection = connect('https://models.example', new AbortController().signal, {
    fetch: server.fetch,
    wait: async () => {},
  });
  const bytes = await collect(download(large, connection, { start: 1, end: 1_000_000 }), 999_999);
  expect(bytes.byteLength).toBe(999_999);
  expect(server.asked()).toBe(15);
});

it('does not blame the server for the time that whoever takes the bytes needs', async () => {
  const server = dripping(async () => {}, 100_000, 20);
  const manners = { fetch: server.fetch, wait: async () => {}, stallMs: 40 };
  const connection = connect('https://models.example', new AbortController().signal, manners);
  for await (const _ of download(large, connection, { start: 1, end: 1_000_000 })) {
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  expect(server.asked()).toBe(1);
});

it('a small file that is listed as a large one is not read', async () => {
  const connection = connect('https://models.example', new AbortController().signal, {
    fetch: () => Promise.reject(new Error('asked')),
  });
  const vocabulary = { ...large, path: 'tokenizer/vocab.json', size: 2 ** 40 };
  await expect(readSmallFile(vocabulary, connection)).rejects.toThrow(
    'tokenizer/vocab.json: it has 1099511627776 bytes, where configurations and vocabularies have at most 16000000',
  );
});
