/** Who may use the server: host names, pages, keys. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { bytesOf, picture, post, required } from '../../../../test/support/server';
import { start } from '../../../../test/support/startServer';
import { InputError } from '../../../contract/errors';
import { parseServerOptions } from '../options';
import { isLoopback } from './address';

/** node:http, since `fetch` forbids some of these headers. */
function ask(url: string, headers: Record<string, string>, method = 'GET', path = '/health', body = '') {
  const { port, hostname: host } = new URL(url);
  return new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
    const outgoing = httpRequest({ port, host, method, path, headers }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
    });
    outgoing.on('error', reject).end(body);
  });
}

/** The server's answer to raw bytes. */
function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.end(text));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', reject).on('close', () => resolve(answer));
  });
}

describe('by what name it is called', () => {
  const paths = ['/', '/health', '/metrics', '/openapi.json', '/fal-ai/inpaint/requests/x/status'];

  it('answers nothing to a name that leads here by a stranger’s DNS, whatever is asked', async () => {
    const { url } = await start();
    for (const host of [
      'rebound.example',
      'localhost.evil.example:8199',
      '192.168.1.20',
      'queue.evil.example',
    ]) {
      for (const path of paths) {
        const answer = await ask(url, { host }, 'GET', path);
        expect([path, answer.status]).toEqual([path, 403]);
        expect(JSON.parse(answer.body)).toMatchObject({
          detail: expect.stringMatching(/ is not a name of this server; .*--allow-host/),
          error_type: 'forbidden_host',
        });
      }
      const origin = { host, origin: `http://${host}`, 'content-type': 'application/json' };
      const painted = await ask(url, origin, 'POST', '/fal-ai/inpaint', JSON.stringify(required));
      expect(painted.status).toBe(403);
      expect((await ask(url, origin, 'OPTIONS', '/fal-ai/inpaint')).status).toBe(403);
    }
  });

  it('knows loopback, this machine’s name, and names and the address that it was told', async () => {
    const { url } = await start(
      {},
      { allowedHosts: ['inlay.example'], publicUrl: 'https://paint.example/at' },
    );
    const { port } = new URL(url);
    const names = ['localhost', 'LOCALHOST', '127.0.0.1', '127.1.2.3', '[::1]', 'queue.localhost'];
    for (const host of [...names, hostname(), 'inlay.example', 'queue.inlay.example', 'paint.example']) {
      expect([host, (await ask(url, { host: `${host}:${port}` })).status]).toEqual([host, 200]);
    }
  });

  it('knows itself by every address where it listens at all of them', async () => {
    const { url } = await start({}, { host: '0.0.0.0' });
    const here = url.replace('0.0.0.0', '127.0.0.1');
    for (const host of ['192.168.1.20:8199', '[fe80::1]:8199', '203.0.113.7']) {
      expect([host, (await ask(here, { host })).status]).toEqual([host, 200]);
    }
    expect((await ask(here, { host: 'rebound.example' })).status).toBe(403);
  });

  it('refuses two hosts, and what is none; takes HTTP/1.0, which has none', async () => {
    const { url } = await start();
    const two = 'GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n';
    expect(await raw(url, two)).toMatch(/^HTTP\/1\.1 400 [\s\S]*two Host headers/);
    for (const host of ['a b', 'user@localhost', 'localhost/x', 'localhost:99999']) {
      expect([host, (await ask(url, { host })).status]).toEqual([host, 400]);
    }
    const old = await raw(url, 'GET / HTTP/1.0\r\n\r\n');
    expect(old).toContain(`"endpoint":"http://localhost:${new URL(url).port}/fal-ai/inpaint"`);
  });

  it('makes addresses in answers from checked names alone', async () => {
    const { url } = await start({}, { publicUrl: 'https://paint.example/at' });
    const answer = await (await post(`${url}/fal-ai/inpaint`, required)).json();
    expect(answer.image.url).toMatch(/^https:\/\/paint\.example\/at\/files\//);
  });
});

describe('which pages may call it', () => {
  it('serves pages of this machine and those that were invited, and no others', async () => {
    const { url } = await start({}, { allowedOrigins: ['https://editor.example'] });
    const call = (origin: string) => post(`${url}/fal-ai/inpaint`, required, { origin });
    for (const origin of [
      'https://evil.example',
      'http://localhost.evil.example',
      'null',
      'http://editor.example',
    ]) {
      const refused = await call(origin);
      expect([origin, refused.status]).toEqual([origin, 403]);
      expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    }
    for (const origin of ['https://editor.example', 'http://localhost:4173']) {
      const response = await call(origin);
      expect(response.status).toBe(200);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
      expect(response.headers.get('access-control-expose-headers')).toContain('x-fal-request-id');
      expect(response.headers.get('vary')).toContain('Origin');
      // A refusal is read by the page, too.
      const invalid = await post(`${url}/fal-ai/inpaint`, {}, { origin });
      expect([invalid.status, invalid.headers.get('access-control-allow-origin')]).toEqual([422, origin]);
    }
  });

  it('answers a browser’s questions before it sends, into a private network too', async () => {
    const { url } = await start({}, { allowedOrigins: ['https://editor.example'], key: 'k' });
    const asking = {
      origin: 'https://editor.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
      'access-control-request-private-network': 'true',
    };
    const answer = await ask(url, asking, 'OPTIONS', '/queue/fal-ai/inpaint');
    expect(answer).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': 'https://editor.example',
        'access-control-allow-methods': 'GET, POST, PUT',
        'access-control-allow-headers': 'authorization,content-type',
        'access-control-allow-private-network': 'true',
      },
    });
    const foreign = await ask(
      url,
      { ...asking, origin: 'https://evil.example' },
      'OPTIONS',
      '/fal-ai/inpaint',
    );
    expect(foreign.status).toBe(403);
    expect(foreign.headers['access-control-allow-private-network']).toBeUndefined();
  });

  it('refuses what another site’s page sends without saying who it is, but for pictures', async () => {
    const { url } = await start();
    const { image } = await (await post(`${url}/fal-ai/inpaint`, required)).json();
    const foreign = { 'sec-fetch-site': 'cross-site' };
    const refused = await ask(url, foreign);
    // Without it a page under Cross-Origin-Embedder-Policy could not tell this from a server that is off.
    expect([refused.status, refused.headers['cross-origin-resource-policy']]).toEqual([403, 'cross-origin']);
    const body = JSON.stringify(required);
    expect((await ask(url, foreign, 'POST', '/fal-ai/inpaint', body)).status).toBe(403);
    const shown = await ask(url, foreign, 'GET', new URL(image.url).pathname);
    expect([shown.status, shown.headers['content-length']]).toEqual([200, String(bytesOf(picture).length)]);
    for (const site of ['none', 'same-origin', 'same-site']) {
      expect([site, (await ask(url, { 'sec-fetch-site': site })).status]).toEqual([site, 200]);
    }
  });
});

describe('where it listens', () => {
  it('asks for a key or for --open beyond this machine', () => {
    const parse = (argv: string[], env: Record<string, string>) => parseServerOptions(argv, env);
    for (const HOST of ['0.0.0.0', '::', '192.168.1.20', 'box.local', 'localhost.example']) {
      expect(() => parse([], { HOST })).toThrow(InputError);
      expect(() => parse([], { HOST })).toThrow(/^HOST: .*INLAY_KEY.*--open/);
      expect(parse(['--open'], { HOST })).toMatchObject({ host: HOST });
      expect(parse([], { HOST, INLAY_KEY: 'k' })).toMatchObject({ host: HOST, key: 'k' });
    }
    for (const HOST of ['', '127.0.0.1', '127.9.9.9', '::1', 'localhost', 'inlay.localhost']) {
      expect(parse([], { HOST })).toMatchObject({ host: HOST || '127.0.0.1' });
    }
    expect(isLoopback('::ffff:127.0.0.1')).toBe(true);
  });

  it('takes names alone as --allow-host', () => {
    expect(parseServerOptions(['--allow-host', 'a.example', '--allow-host', 'B'], {})).toMatchObject({
      allowedHosts: ['a.example', 'B'],
    });
    for (const wrong of ['http://a.example', 'a.example:80', 'a/b', '', 'a b', 'x@y']) {
      expect(() => parseServerOptions(['--allow-host', wrong], {})).toThrow(/^--allow-host: /);
    }
  });

  it('says what to do where the port is taken or the address is none of its own', async () => {
    const { url } = await start();
    await expect(start({}, { port: Number(new URL(url).port) })).rejects.toThrow(
      /^Port \d+ of 127\.0\.0\.1 is in use.*set PORT to/,
    );
    await expect(start({}, { host: '203.0.113.7' })).rejects.toThrow(
      /is not an address of this device.*HOST/,
    );
  });
});
