/** One client can't block others: queue places, bytes, time, memory of past requests. */
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { paintingEngine, patientEngine, post, required } from '../../../test/support/server';
import { start } from '../../../test/support/startServer';
import { Remembered } from './boundedMap';
import { clientOf, Intake } from './http/byteBudget';
import { readBody } from './http/http';
import { Problem } from './http/problem';
import { createRunClock } from './painting/runClock';
import { RunQueue } from './queue';

afterEach(() => vi.useRealTimers());

/** A request whose body stops arriving after `sent`. */
function unfinished(url: string, path: string, sent: string | Buffer, headers = '', announced = 1e6) {
  return new Promise<Socket>((resolve, reject) => {
    const { port, host } = new URL(url);
    const method = path.startsWith('/uploads') ? 'PUT' : 'POST';
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(
        `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${announced}\r\n${headers}\r\n`,
      );
      socket.write(sent, () => resolve(socket));
    });
    socket.on('error', reject);
  });
}

const firstLine = (socket: Socket) =>
  new Promise<string>((resolve) =>
    socket.once('data', (data) => resolve(String(data).split('\r\n')[0] ?? '')),
  );

/** Behind a proxy, clients are told apart by what it reports. */
const behindProxy = { publicUrl: 'http://localhost' };
const from = (client: string) => ({ 'x-forwarded-for': `6.6.6.6, ${client}` });

describe('places in the queue', () => {
  it('are taken when a body is there: bodies that drip in hold none', async () => {
    const { url } = await start({}, { queueLimit: 2 });
    const sockets = await Promise.all(
      Array.from({ length: 40 }, () => unfinished(url, '/fal-ai/inpaint', '{"prompt": "half a')),
    );
    expect((await post(`${url}/fal-ai/inpaint`, required)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it('are never all one client’s', async () => {
    const { engine, hasStarted } = patientEngine();
    const { url } = await start({ engine }, { queueLimit: 3, ...behindProxy });
    const submit = (client: string) => post(`${url}/queue/fal-ai/inpaint`, required, from(client));
    expect((await submit('198.51.100.1')).status).toBe(200);
    await hasStarted;
    for (let i = 0; i < 2; i++) expect((await submit('198.51.100.1')).status).toBe(200);
    const refused = await submit('198.51.100.1');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await refused.json()).toEqual({
      detail: "3 of your requests are waiting or running, which is one client's share; try again later",
      error_type: 'queue_full',
    });
    const other = await submit('198.51.100.2');
    expect(other.status).toBe(200);
    // What was one client's is given back to it once it ends.
    const { request_id } = await other.json();
    await fetch(`${url}/fal-ai/inpaint/requests/${request_id}/cancel`, { method: 'PUT' });
    expect((await submit('198.51.100.2')).status).toBe(200);
    expect(await (await submit('198.51.100.3')).json()).toMatchObject({
      detail: 'The queue is full; try again later',
    });
  });

  it.each([
    ['203.0.113.9', undefined, false, '203.0.113.9'],
    ['::ffff:203.0.113.9', undefined, false, '203.0.113.9'],
    ['2001:DB8:1:2:3:4:5:6', undefined, false, '2001:db8:1:2::/64'],
    ['2001:db8::5', undefined, false, '2001:db8:0:0::/64'],
    ['fe80::1%eth0', undefined, false, 'fe80::1'],
    ['127.0.0.1', '198.51.100.1', false, '127.0.0.1'],
    ['127.0.0.1', '1.1.1.1, 198.51.100.1', true, '198.51.100.1'],
    ['127.0.0.1', 'nonsense', true, '127.0.0.1'],
    // Not behind the proxy, which is in the same network.
    ['8.8.8.8', '198.51.100.1', true, '8.8.8.8'],
  ])('%s, forwarded %s, behind a proxy %s: is %s', (remoteAddress, forwarded, isBehindProxy, expected) => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    expect(
      clientOf({ headers, socket: { remoteAddress } } as unknown as IncomingMessage, isBehindProxy),
    ).toBe(expected);
  });
});

describe('bytes on their way', () => {
  it('count for all and for each client, and are given back when clients leave', async () => {
    const { url } = await start({ intakeBytes: 1e6 }, { ...behindProxy });
    const addresses = async () => {
      const asked = await post(`${url}/storage/upload/initiate`, {
        content_type: 'image/png',
        file_name: 'a.png',
      });
      return new URL((await asked.json()).upload_url).pathname;
    };
    const upload = async (client: string, kilobytes: number) => {
      const headers = `X-Forwarded-For: ${client}\r\n`;
      return unfinished(
        url,
        await addresses(),
        Buffer.alloc(kilobytes * 1000),
        headers,
        kilobytes * 1000 + 1,
      );
    };
    const held = async () =>
      /inlay_intake_bytes (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
    const first = await upload('198.51.100.1', 700);
    await expect.poll(held).toBe('700000');
    expect(await firstLine(await upload('198.51.100.1', 100))).toContain(' 429 ');
    const second = await upload('198.51.100.2', 200);
    await expect.poll(held).toBe('900000');
    expect(await firstLine(await upload('198.51.100.3', 300))).toContain(' 429 ');
    // A request is refused as an upload is, while it arrives.
    const large = { ...required, image_url: `data:image/png;base64,${'A'.repeat(400_000)}` };
    const refused = await post(`${url}/fal-ai/inpaint`, large, from('198.51.100.4'));
    expect([refused.status, refused.headers.get('retry-after'), (await refused.json()).error_type]).toEqual([
      429,
      '5',
      'too_many_bytes',
    ]);
    first.destroy();
    second.destroy();
    await expect.poll(held).toBe('0');
    expect((await post(`${url}/fal-ai/inpaint`, large, from('198.51.100.1'))).status).not.toBe(429);
    await expect.poll(held).toBe('0');
  });

  it('are no headers without end', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/health`, { headers: { 'x-long': 'a'.repeat(20_000) } });
    expect(response.status).toBe(431);
  });

  it('count as long as a request waits', async () => {
    const { engine, hasStarted, release } = patientEngine();
    const { url } = await start({ engine, intakeBytes: 1e6 });
    const held = async () =>
      Number(/inlay_intake_bytes (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
    const large = { ...required, prompt: 'x'.repeat(50_000) };
    const { status_url } = await (await post(`${url}/queue/fal-ai/inpaint`, large)).json();
    await hasStarted;
    expect(await held()).toBeGreaterThan(50_000);
    release();
    await expect.poll(async () => (await fetch(status_url)).status).toBe(200);
    expect(await held()).toBe(0);
  });

  it('are refused where nothing more arrives', async () => {
    const outcome = new Promise((resolve) => {
      const server = createServer((request, response) => {
        readBody(request, { maxBytes: 100, stallMs: 50 })
          .then(resolve, resolve)
          .finally(() => {
            response.end();
            server.close();
          });
      });
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        httpRequest({ port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': 10 } })
          .on('error', () => {})
          .write('half');
      });
    });
    expect(await outcome).toMatchObject({ status: 408, message: 'No data arrived for 0.05 s' });
  });

  it('an intake holds what it says', () => {
    const intake = new Intake(100);
    const one = intake.hold('a');
    one.take(70);
    expect(() => intake.hold('a').take(10)).toThrow(/your share/);
    expect(() => intake.hold('b').take(31)).toThrow(Problem);
    intake.hold('b').take(30);
    one.release();
    one.release();
    expect(intake.bytes).toBe(30);
  });
});

describe('the time of a run', () => {
  it('ends it with a sentence, and the next one runs', async () => {
    let runs = 0;
    const engine = paintingEngine(async (_request, { signal }) => {
      if (++runs > 1) return;
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const { url } = await start({ engine }, { maxRunMs: 60 });
    const response = await post(`${url}/fal-ai/inpaint`, required);
    expect([response.status, response.headers.get('x-fal-request-timeout-type')]).toEqual([504, 'user']);
    expect(await response.json()).toEqual({
      detail: expect.stringMatching(
        /^The run took longer than 0 minutes, downloads not counted.*--max-run.*Use fewer steps/,
      ),
      error_type: 'request_timeout',
    });
    expect((await post(`${url}/fal-ai/inpaint`, required)).status).toBe(200);
  });

  it('does not run on while a download speaks, and does where it falls silent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const clock = createRunClock(100_000);
    for (let i = 0; i < 100; i++) {
      clock.note('download');
      await vi.advanceTimersByTimeAsync(10_000);
    }
    clock.note('download');
    clock.note('denoise');
    await vi.advanceTimersByTimeAsync(99_000);
    expect(clock.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(clock.signal.aborted).toBe(true);
    const silent = createRunClock(100_000);
    silent.note('download');
    await vi.advanceTimersByTimeAsync(101_000);
    expect(silent.signal.aborted).toBe(true);
  });
});

describe('what is remembered', () => {
  it('is forgotten by count and by time', async () => {
    vi.useFakeTimers();
    const remembered = new Remembered<number>({ most: 3, ms: 10_000 });
    for (let i = 0; i < 5; i++) remembered.set(String(i), i);
    expect([0, 1, 2, 3, 4].map((i) => remembered.get(String(i)))).toEqual([undefined, undefined, 2, 3, 4]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(remembered.get('4')).toBeUndefined();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(remembered.size).toBe(0);
  });

  it('of 20,000 refused runs is what 1,000 leave', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const queue = new RunQueue<object, never>({
      run: async () => {
        throw new Problem(422, 'no picture');
      },
      limit: 1,
      clientLimit: 2,
      keepMs: 3_600_000,
    });
    const refuse = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const job = queue.submit({ prompt: `${i}` }, { client: 'a' });
        await queue.result(job).catch(() => {});
      }
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    await refuse(1000);
    const before = await refuse(1000);
    const growth = (await refuse(20_000)) - before;
    // At 3.4 kB each it was 68 MB.
    expect(growth).toBeLessThan(3e6);
  });
});
