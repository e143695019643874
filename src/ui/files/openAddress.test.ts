import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Session } from '../../state/session/session';
import { openAddress, pictureAddress } from './openAddress';

it('knows an address from other text', () => {
  expect(pictureAddress(' https://example.org/a/b.png?x=1 ')?.pathname).toBe('/a/b.png');
  expect(pictureAddress('data:image/png;base64,AAAA')?.protocol).toBe('data:');
  expect(pictureAddress('example.com/foo.png')?.href).toBe('https://example.com/foo.png');
  expect(pictureAddress('localhost:8000/foo.JPG')?.href).toBe('http://localhost:8000/foo.JPG');
  expect(pictureAddress('HTTPS://example.com/100%.png')?.pathname).toBe('/100%.png');
  expect(pictureAddress('a red fox')).toBeNull();
  expect(pictureAddress('either.or/both')).toBeNull();
  expect(pictureAddress('https://example.org/a b')).toBeNull();
  expect(pictureAddress('ftp://example.org/a.png')).toBeNull();
  expect(pictureAddress('https://')).toBeNull();
  expect(pictureAddress(`${'a.'.repeat(50_000)}png`)).toBeNull();
});

const server = createServer((request, response) => {
  if (request.url?.endsWith('.png')) response.setHeader('Content-Type', 'image/png').end('picture');
  else if (request.url === '/huge') response.writeHead(200, { 'Content-Length': 2 ** 42 }).write('x');
  else response.writeHead(404).end();
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, 'localhost', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it.each([
  ['100%.png', '100%.png'],
  ['%E0%A4%A.png', '%E0%A4%A.png'],
  ['a%20b.png', 'a b.png'],
])('opens %s as “%s”', async (path, name) => {
  const opened: string[] = [];
  const session = {
    openFile: async (_file: Blob, as: string) => opened.push(as) > 0,
    run: { getState: () => ({ stageError: null }) },
  } as unknown as Session;
  const { port } = server.address() as AddressInfo;
  expect(await openAddress(session, `http://localhost:${port}/${path}`)).toBeNull();
  expect(opened).toEqual([name]);
  expect(await openAddress(session, `http://localhost:${port}/none`)).toMatch(/answered 404/);
  expect(await openAddress(session, `http://localhost:${port}/huge`)).toMatch(/the limit is 512 MB/);
  expect(await openAddress(session, 'x'.repeat(5000))).toHaveLength(
    100 + '“” isn’t an image URL. Enter one that starts with https://.'.length,
  );
  expect(opened).toHaveLength(1);
});
