import { expect, it } from 'vitest';
import { collect, connect, download, type RemoteFile } from './download';

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
