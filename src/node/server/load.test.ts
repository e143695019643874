/** Many requests at once, and malformed bodies. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { paintingEngine, post, required, startTestServer } from '../../../test/support/server';
import type { Engine } from '../../contract/engine';
import { createPaintEngine } from './painting/paintEngine';

// Vitest's workers take no --expose-gc; the flag can be set while Node runs.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes on the heap and in buffers that only garbage collection would free. */
function held(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

it('100 requests at once: none is lost, what does not fit is told to come again, memory comes back', async () => {
  let atOnce = 0;
  let most = 0;
  let gate: Promise<void>;
  const engine: Engine = paintingEngine(async () => {
    most = Math.max(most, ++atOnce);
    await gate;
    atOnce--;
  });
  const { url, close } = await startTestServer({ engine }, { queueLimit: 20, clientLimit: 21, keepMs: 1000 });
  // An image of 0.4 MB each, so that a leak shows.
  const large = `data:image/png;base64,${Buffer.alloc(300_000, 1).toString('base64')}`;
  const body = JSON.stringify({ ...required, image_url: large });
  const volley = async () => {
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    let answered = 0;
    const answers = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const response = await post(`${url}/fal-ai/inpaint`, body);
        await response.arrayBuffer();
        // One runs and 20 wait; nothing is generated before all others have their answer.
        if (++answered === 79) open();
        return { status: response.status, retryAfter: Number(response.headers.get('retry-after')) };
      }),
    );
    const accepted = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect([accepted.length, refused.length]).toEqual([21, 79]);
    for (const { retryAfter } of refused) expect(retryAfter).toBeGreaterThanOrEqual(1);
  };
  const settled = async () => {
    await expect.poll(async () => (await fetch(`${url}/metrics`)).text()).toContain('inlay_files_bytes 0');
    return held();
  };
  await volley();
  const before = await settled();
  for (let round = 0; round < 3; round++) await volley();
  await settled();
  expect(most).toBe(1);
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok', running: false, queued: 0 });
  // Three volleys carry 120 MB; what stays is far less than one of them. Sockets close in their own time.
  await expect.poll(() => held() - before).toBeLessThan(30e6);
  await close();
});

it('100 at once to the process that paints, with a tiny model: none is lost or mixed up, its memory comes back', async () => {
  const paint = {
    threads: 1,
    folders: { tiny: 'goldens/models/sd15-inpaint' },
    hubUrl: 'http://127.0.0.1:1',
  };
  const engine = createPaintEngine({ paint, network: { allowPrivate: false } });
  const { url, lines, close } = await startTestServer(
    { engine },
    { queueLimit: 20, clientLimit: 21, keepMs: 60_000 },
  );
  /** Told apart by seed, so that a mix-up shows. */
  const pictures = new Map<number, string>();
  const metric = async (name: string) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  };
  const ask = async (seed: number) => {
    const body = { ...required, model_name: 'tiny', num_inference_steps: 1, seed };
    const response = await post(`${url}/fal-ai/inpaint`, body);
    const answer = await response.json();
    if (response.status !== 200) {
      expect([response.status, answer.error_type]).toEqual([429, 'queue_full']);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      return 'refused';
    }
    expect(answer).toMatchObject({ image: { width: 64, height: 64 }, seed });
    const file = Buffer.from(await (await fetch(answer.image.url)).arrayBuffer()).toString('base64');
    expect(file).toBe(pictures.get(seed) ?? file);
    pictures.set(seed, file);
    return 'painted';
  };
  const volley = async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(i % 3)));
    const painted = answers.filter((answer) => answer === 'painted').length;
    // One runs and 20 wait, and those that come late find room again.
    expect(painted).toBeGreaterThanOrEqual(21);
    return painted;
  };
  let painted = await volley();
  const before = await metric('inlay_painting_memory_bytes');
  for (let round = 0; round < 2; round++) painted += await volley();
  const after = await metric('inlay_painting_memory_bytes');
  console.log(
    `${painted} runs; painting process ${Math.round(before / 1e6)} MB, later ${Math.round(after / 1e6)} MB`,
  );
  expect(new Set(pictures.values()).size).toBe(3);
  expect(lines.filter(({ event, outcome }) => event === 'run' && outcome === 'succeeded')).toHaveLength(
    painted,
  );
  // ONNX Runtime's heap never shrinks, so it must not grow: a leak of one run's tensors shows 42 times.
  expect(before).toBeGreaterThan(50e6);
  expect(after - before).toBeLessThan(50e6);
  await close();
});

/** Small and repeatable: mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

it('2,000 bodies, from the schema and from random bytes: never a 500, never a crash', async () => {
  const random = generator(1);
  const pick = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value;
  const values: unknown[] = [
    ...[
      null,
      true,
      false,
      0,
      -1,
      1.5,
      1e308,
      -1e308,
      2 ** 53,
      30,
      151,
      20.5,
      '',
      ' ',
      '30',
      '\u0000',
      '🐈'.repeat(99),
    ],
    ...[
      [],
      {},
      [[]],
      { a: { b: [1] } },
      'data:',
      'data:,',
      'data:;base64,%%%',
      'data:image/png;base64,AAAA',
      'http://',
    ],
    ...[
      'http://127.0.0.1/',
      'http://[::1]/',
      'http://localhost:1/',
      'https://',
      'ftp://x/',
      'blob:x',
      'javascript:0',
    ],
    ...[
      'http://0/',
      'http://a b/',
      `data:image/png,${'%41'.repeat(50)}`,
      '../../etc/passwd',
      '__proto__',
      'starter',
    ],
  ];
  const fields = [
    ...['model_name', 'prompt', 'negative_prompt', 'image_url', 'mask_url', 'num_inference_steps'],
    ...['guidance_scale', 'seed', '__proto__', 'constructor', 'toString', 'x'],
  ];
  const fuzzed = (): string | Uint8Array<ArrayBuffer> => {
    const kind = random();
    if (kind < 0.2) return Uint8Array.from({ length: random() * 200 }, () => random() * 256);
    const pairs = Object.entries({ ...required, image_url: 'data:image/png;base64,AAAA' })
      .filter(() => random() < 0.85)
      .concat(Array.from({ length: random() * 4 }, () => [pick(fields), pick(values)] as [string, string]));
    const text = `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
    if (kind < 0.4) {
      const at = Math.floor(random() * text.length);
      return text.slice(0, at) + pick(['', '}', '"', ',', '\\', '1e999', 'NaN']) + text.slice(at + 1);
    }
    return kind < 0.45 ? JSON.stringify(pick(values)) : text;
  };
  const { url, close, lines } = await startTestServer({}, { queueLimit: 100, clientLimit: 101 });
  const statuses = new Map<number, number>();
  for (let batch = 0; batch < 100; batch++) {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const body = fuzzed();
        const response = await fetch(`${url}${random() < 0.5 ? '' : '/queue'}/fal-ai/inpaint`, {
          method: 'POST',
          body,
        });
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        const answer = await response.json();
        if (response.status === 422) {
          for (const item of answer.detail) {
            expect(item).toMatchObject({
              loc: expect.any(Array),
              msg: expect.any(String),
              type: expect.any(String),
            });
          }
        }
      }),
    );
  }
  expect([...statuses.keys()].sort()).toEqual([200, 422]);
  expect([...statuses.values()].reduce((sum, count) => sum + count)).toBe(2000);
  expect(Math.min(...statuses.values())).toBeGreaterThan(100);
  expect(lines.filter(({ event }) => event === 'error')).toEqual([]);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  await close();
});
