import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, required, startTestServer } from '../../../../test/support/server';
import { isPublicAddress } from './address';
import { createGuardedFetch, ForbiddenAddressError } from './guardedFetch';

describe('isPublicAddress', () => {
  it.each(['93.184.216.34', '8.8.8.8', '2606:4700::1111'])('%s is', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
  it.each([
    ...['127.0.0.1', '127.255.0.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...['169.254.169.254', '100.64.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '192.0.2.1'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1'],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', '2001:0:7f00:1::', '2001:db8::1', 'localhost', ''],
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

/** A server on this machine, in place of one that must not be reached. */
let secret: Server;
let port: number;
let reached: string[];
let answer: RequestListener = (_request, response) => response.end('secret');
beforeAll(async () => {
  secret = createServer((request, response) => {
    reached.push(`${request.headers.host}${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => secret.listen(0, '127.0.0.1', resolve));
  port = (secret.address() as AddressInfo).port;
});
afterAll(() => secret.close());

function setUp(listener: RequestListener = (_request, response) => response.end('secret')) {
  reached = [];
  answer = listener;
}

describe('createGuardedFetch', () => {
  it.each([
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f.1:PORT/',
    'http://0:PORT/',
    'http://[::1]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://169.254.169.254/latest/meta-data/',
  ])('refuses %s and connects to nothing', async (address) => {
    setUp();
    const guarded = createGuardedFetch({ allowPrivate: false });
    await expect(guarded(address.replace('PORT', String(port)))).rejects.toThrow(ForbiddenAddressError);
    expect(reached).toEqual([]);
  });

  it('refuses a name that leads here, even among public addresses', async () => {
    setUp();
    const guarded = createGuardedFetch({
      allowPrivate: false,
      resolve: async () => [
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    });
    await expect(guarded(`http://innocent.example:${port}/`)).rejects.toThrow(ForbiddenAddressError);
    expect(reached).toEqual([]);
  });

  it('connects to the address that was checked: a second answer of the name server changes nothing', async () => {
    setUp();
    let asked = 0;
    // The first answer is public, all later ones are this machine (DNS rebinding).
    const guarded = createGuardedFetch({
      allowPrivate: false,
      resolve: async () => [{ address: asked++ === 0 ? '203.0.113.1' : '127.0.0.1', family: 4 }],
    });
    await expect(guarded(`http://rebinding.example:${port}/`)).rejects.toThrow();
    expect([asked, reached]).toEqual([1, []]);
  });

  it.each([301, 302, 303, 307, 308])('checks again after a redirect with %i', async (status) => {
    // The first host is trusted, so it may be local; the host that it redirects to may not.
    setUp((request, response) => {
      response.writeHead(status, { Location: `http://localhost:${port}/private` }).end();
      void request;
    });
    const guarded = createGuardedFetch({ allowPrivate: false, trustedOrigins: [`http://127.0.0.1:${port}`] });
    await expect(guarded(`http://127.0.0.1:${port}/start`)).rejects.toThrow(ForbiddenAddressError);
    expect(reached).toEqual([`127.0.0.1:${port}/start`]);
  });

  it('follows no redirect out of the web, and no more than five', async () => {
    setUp((request, response) => {
      const location = request.url === '/file' ? 'file:///etc/passwd' : '/again';
      response.writeHead(302, { Location: location }).end();
    });
    const open = createGuardedFetch({ allowPrivate: true });
    await expect(open(`http://127.0.0.1:${port}/file`)).rejects.toThrow(ForbiddenAddressError);
    reached = [];
    await expect(open(`http://127.0.0.1:${port}/`)).rejects.toThrow('more than 5 redirects');
    expect(reached).toHaveLength(6);
  });

  it('keeps a token from other origins', async () => {
    const seen: (string | undefined)[] = [];
    setUp((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url === '/') response.writeHead(302, { Location: `http://localhost:${port}/x` });
      response.end();
    });
    const open = createGuardedFetch({ allowPrivate: true });
    const response = await open(`http://127.0.0.1:${port}/`, { headers: { authorization: 'Bearer t' } });
    expect([response.status, response.redirected, response.url]).toEqual([
      200,
      true,
      `http://localhost:${port}/x`,
    ]);
    expect(seen).toEqual(['Bearer t', undefined]);
  });
});

describe('image_url', () => {
  const ask = async (image_url: string, given: { allowPrivate?: boolean; maxPictureBytes?: number } = {}) => {
    const server = await startTestServer({}, given);
    try {
      const response = await post(`${server.url}/fal-ai/inpaint`, { ...required, image_url });
      return { status: response.status, detail: (await response.json()).detail };
    } finally {
      await server.close();
    }
  };

  it('is refused on this machine, in words that tell nothing of it', async () => {
    setUp();
    expect(await ask(`http://127.0.0.1:${port}/secret`)).toEqual({
      status: 422,
      detail: [
        {
          loc: ['body', 'image_url'],
          msg: 'Failed to download the file: the URL is not on the public internet; send a data URI, upload the image, or start the server with --allow-private',
          type: 'file_download_error',
        },
      ],
    });
    expect(reached).toEqual([]);
  });

  it('is fetched from here where the operator allows it', async () => {
    setUp((_request, response) =>
      response.end(Buffer.from(required.image_url.split(',')[1] ?? '', 'base64')),
    );
    expect((await ask(`http://127.0.0.1:${port}/a.png`, { allowPrivate: true })).status).toBe(200);
  });

  it.each([
    ['a missing file', 404, 'Failed to download the file: the server answered 404', 'file_download_error'],
    ['a large file that says so', 200, 'The file is larger than 0 MB', 'file_too_large'],
    ['a large file that does not', 201, 'The file is larger than 0 MB', 'file_too_large'],
  ])('is refused for %s', async (_what, status, msg, type) => {
    setUp((_request, response) => {
      if (status === 200) response.setHeader('Content-Length', 1e6);
      response.writeHead(status).end(Buffer.alloc(1e6));
    });
    const { detail } = await ask(`http://127.0.0.1:${port}/`, {
      allowPrivate: true,
      maxPictureBytes: 100_000,
    });
    expect(detail).toEqual([expect.objectContaining({ loc: ['body', 'image_url'], msg, type })]);
  });

  it('is refused where nothing answers or the answer breaks off', async () => {
    setUp((request) => request.socket.destroy());
    const { status, detail } = await ask(`http://127.0.0.1:${port}/`, { allowPrivate: true });
    expect([status, detail[0].type]).toEqual([422, 'file_download_error']);
  });
});
