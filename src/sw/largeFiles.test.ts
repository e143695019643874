import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { isCut, partsOf } from '../model/runtime/ortParts';
import { createLargeFiles } from './largeFiles';
import { isOfGroup, type OwnFile, roleOf } from './ownFiles';
import { pageHeaders } from './pageHeaders';

const base = 'https://example.org/inlay/sw.js';
const weights = 'models/starter/unet/weights.safetensors';
const wasm = (hash: string) => `assets/ort-wasm-simd-threaded.jspi-${hash}.wasm`;
const own = (path: string, contents: string): OwnFile => ({
  path,
  sha256: createHash('sha256').update(contents).digest('base64'),
  hashed: path.startsWith('assets/'),
});

/** A server with these contents, and a cache that outlives versions of the service worker. */
function setUp(served: Record<string, string>) {
  const stored = new Map<string, Response>();
  const fetched: string[] = [];
  const cache = {
    match: async (key: string) => stored.get(key)?.clone(),
    put: async (key: string, response: Response) => void stored.set(key, response),
    keys: async () => [...stored.keys()].map((url) => ({ url })),
    delete: async ({ url }: { url: string }) => stored.delete(url),
  };
  const version = (files: OwnFile[]) =>
    createLargeFiles({
      headers: pageHeaders(),
      files,
      base,
      open: async () => cache as unknown as Cache,
      async fetch(url, { integrity }) {
        const path = url.slice('https://example.org/inlay/'.length);
        fetched.push(path);
        const text = served[path];
        if (text === undefined) return new Response('not found', { status: 404 });
        if (integrity && integrity !== `sha256-${own(path, text).sha256}`)
          throw new TypeError('Failed to fetch');
        // In two pieces, as from a network.
        const bytes = new TextEncoder().encode(text);
        const pieces = [bytes.slice(0, 2), bytes.slice(2)];
        const body = new ReadableStream<Uint8Array>({
          pull(controller) {
            const piece = pieces.shift();
            if (piece) controller.enqueue(piece);
            else controller.close();
          },
        });
        return new Response(body, { headers: { 'Content-Type': 'application/wasm' } });
      },
    });
  const paths = () => [...stored.keys()].map((key) => new URL(key).pathname.slice('/inlay/'.length)).sort();
  return { version, stored, fetched, paths };
}

async function read(large: ReturnType<typeof createLargeFiles>, path: string) {
  const file = large.find(new URL(path, base).href);
  if (file === undefined) throw new Error(`${path} is none of the files`);
  const pending: Promise<unknown>[] = [];
  const response = await large.answer(file, new AbortController().signal, (promise) => pending.push(promise));
  return { response, settled: () => Promise.all(pending) };
}

test('a file is kept at its first use, and answered from there afterwards', async () => {
  const { version, fetched, stored } = setUp({ [weights]: 'one' });
  const large = version([own(weights, 'one')]);
  const first = await read(large, weights);
  expect(first.response.headers.get('Cross-Origin-Embedder-Policy')).toBe('require-corp');
  expect(await first.response.text()).toBe('one');
  await first.settled();
  const second = await read(large, `${weights}?again`);
  expect(await second.response.text()).toBe('one');
  expect(second.response.headers.get('Content-Length')).toBe('3');
  expect(second.response.headers.get('Content-Type')).toBe('application/wasm');
  expect(second.response.headers.get('Cross-Origin-Embedder-Policy')).toBe('require-corp');
  expect(fetched).toEqual([weights]);
  expect(stored.size).toBe(1);
});

test('a file of another version breaks off before its end and is not kept', async () => {
  const { version, stored } = setUp({ [weights]: 'two' });
  const { response, settled } = await read(version([own(weights, 'one')]), weights);
  await expect(response.text()).rejects.toThrow('is not of this version of the page');
  await settled();
  expect(stored.size).toBe(0);
});

test('a file whose reading is given up is not kept, and neither is an error', async () => {
  const { version, stored } = setUp({ [weights]: 'one' });
  const large = version([own(weights, 'one'), own('models/gone', '')]);
  const { response, settled } = await read(large, weights);
  await response.body?.cancel();
  await settled();
  const gone = await read(large, 'models/gone');
  expect(gone.response.status).toBe(404);
  await gone.settled();
  expect(stored.size).toBe(0);
});

test('nothing but the listed files is answered', () => {
  const large = setUp({}).version([own(weights, 'one')]);
  expect(large.find('https://example.org/inlay/models/other.safetensors')).toBeUndefined();
  expect(large.find(`https://huggingface.co/inlay/${weights}`)).toBeUndefined();
});

test('a part that the embedded model lacks is known to be missing, without a network', () => {
  const large = setUp({}).version([own(weights, 'one')]);
  expect(large.lacks('https://example.org/inlay/models/starter/text_encoder_2/config.json')).toBe(true);
  expect(large.lacks(`https://example.org/inlay/${weights}?again`)).toBe(false);
  expect(large.lacks('https://example.org/inlay/models/other/config.json')).toBe(false);
  expect(large.lacks('https://example.org/models/starter/config.json')).toBe(false);
});

test('a new version brings what the old one keeps before it takes over, and drops the rest after', async () => {
  const served = { [wasm('aaaaaaaa')]: 'a', [wasm('bbbbbbbb')]: 'b', [weights]: 'one', 'models/x': 'x' };
  const { version, paths, stored } = setUp(served);
  const old = version([own(wasm('aaaaaaaa'), 'a'), own(weights, 'one'), own('models/x', 'x')]);
  await old.keep(({ path }) => path !== 'models/x');
  served[weights] = 'two';
  const next = version([own(wasm('bbbbbbbb'), 'b'), own(weights, 'two'), own('models/x', 'x')]);
  await next.keepSuccessors();
  expect(paths()).toEqual([wasm('aaaaaaaa'), wasm('bbbbbbbb'), weights, weights]);
  expect(await (await read(old, weights)).response.text()).toBe('one');
  await next.prune();
  expect(paths()).toEqual([wasm('bbbbbbbb'), weights]);
  expect(await (await read(next, weights)).response.text()).toBe('two');
  expect(stored.size).toBe(2);
});

test('keeping fails where the server has another version’s file, or none', async () => {
  const { version, stored } = setUp({ [weights]: 'two' });
  await expect(version([own(weights, 'one')]).keep(() => true)).rejects.toThrow(TypeError);
  await expect(version([own('models/x', '')]).keep(() => true)).rejects.toThrow(
    'models/x: the server answered 404',
  );
  expect(stored.size).toBe(0);
});

test('each machine keeps the builds of ONNX Runtime that it may need', () => {
  const builds = ['', '.jspi', '.asyncify'].map(
    (build) => `assets/ort-wasm-simd-threaded${build}-a_cd-fgh.wasm`,
  );
  const of = (group: 'wasm' | 'webgpu' | 'starter', jspi: boolean) =>
    builds.map((path) => isOfGroup(path, group, jspi));
  expect(of('wasm', true)).toEqual([true, false, false]);
  expect(of('webgpu', true)).toEqual([true, true, false]);
  expect(of('webgpu', false)).toEqual([true, false, true]);
  expect(of('starter', true)).toEqual([false, false, false]);
  expect(isOfGroup(weights, 'starter', true)).toBe(true);
  expect(roleOf(builds[1] ?? '')).toBe('assets/ort-wasm-simd-threaded.jspi.wasm');
  expect(roleOf(weights)).toBe(weights);
  // What is cut for hosts with a limit goes by its parts.
  const [, , asyncify = ''] = builds;
  expect(builds.filter(isCut)).toEqual([asyncify]);
  expect(partsOf(asyncify).map((path) => isOfGroup(path, 'webgpu', false))).toEqual([true, true]);
  expect(partsOf(asyncify).map(roleOf)).toEqual(partsOf('assets/ort-wasm-simd-threaded.asyncify.wasm'));
});
