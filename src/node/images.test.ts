/** What is accepted as an image, and from where. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joined } from '../image/files/bytes';
import { pngChunk } from '../image/files/pngChunks';
import { checkWritable, writeFileAt } from './cli/outputs';
import { decodeImage, measureImage, measureSource } from './images';
import { readSource } from './sources';

const PICTURE = 'test/pictures/picture.png';
let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-images-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const text = (value: string) => new TextEncoder().encode(value);
const words = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
};

/** A PNG of one bit a pixel that says it is so large; 33 kB at 16384 × 16384. */
function oneBit(side: number): Uint8Array {
  const header = joined([words(side, side), Uint8Array.of(1, 0, 0, 0, 0)]);
  const data = deflateSync(Buffer.alloc((side / 8 + 1) * side));
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return joined([
    signature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', data),
    pngChunk('IEND', new Uint8Array(0)),
  ]);
}

describe('kinds', () => {
  const drawing =
    '<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128"><rect width="9" height="9"/></svg>';
  it.each([
    ['SVG', text(drawing)],
    ['SVG', text(`<?xml version="1.0"?>\n<!-- ${'x'.repeat(900)} -->\n${drawing}`)],
    ['Photoshop', text('8BPS\0\x01')],
    ['JPEG 2000', Buffer.from('0000000c6a5020200d0a870a', 'hex')],
    ['BMP', text('BM      ')],
    ['not an image that can be read', text('hello')],
  ])('%s is refused by name', async (name, bytes) => {
    const refusal = await measureImage('image_url', bytes, 'the file').catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      name: 'InputError',
      field: 'image_url',
      message: expect.stringContaining(name),
    });
    expect(String(refusal)).toContain('PNG, JPEG, WebP');
  });

  it('SVG is decoded by no road, also where its mark lies too deep to be seen', async () => {
    const deep = text(`<!--${'x'.repeat(10_000)}-->${drawing}`);
    await expect(measureImage('--image', deep, 'it')).rejects.toThrow(/not an image that can be read/);
    await expect(sharp(Buffer.from(drawing)).metadata()).rejects.toThrow();
  });

  it('HEIC is read, by a decoder of its own', async () => {
    const bytes = readFileSync('test/pictures/sound.heic');
    const measured = await measureImage('--image', bytes, 'it');
    expect(measured).toMatchObject({ width: 320, height: 240, head: { kind: 'heic' } });
    const { data, colourSpace, loss } = await measured.decode();
    expect([[...data.subarray(0, 4)], colourSpace, loss]).toEqual([[60, 61, 179, 255], 'srgb', null]);
    await expect(measureImage('--image', bytes.subarray(0, 200), 'cut.heic')).rejects.toThrow(
      /^--image: cut.heic cannot be read as an image/,
    );
  });

  it('a damaged picture is told in one line', async () => {
    const cut = readFileSync(PICTURE).subarray(0, 200);
    const error: unknown = await decodeImage('--image', cut, 'cut.png').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^--image: cut.png cannot be read as an image/),
    });
    expect(String(error)).not.toContain('\n');
  });
});

it('a giant is measured by its header and takes no memory', async () => {
  const giant = oneBit(16384);
  expect(giant.byteLength).toBeLessThan(40_000);
  const before = process.memoryUsage.rss();
  const { width, height } = await measureImage('image_url', giant, 'it');
  expect([width, height]).toEqual([16384, 16384]);
  expect(process.memoryUsage.rss() - before).toBeLessThan(60e6);
  await expect(measureImage('image_url', oneBit(32768), 'it')).rejects.toThrow(/pixel limit|million/);
});

describe('sources', () => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/none') response.writeHead(404).end();
      else if (request.url === '/endless') response.writeHead(200, { 'Content-Length': 2 ** 42 }).write('x');
      else response.end(readFileSync(PICTURE));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('are read in whatever case their scheme is written', async () => {
    const bytes = readFileSync(PICTURE);
    const same = async (source: string) =>
      expect(Buffer.from(await readSource('--image', source)).equals(bytes), source.slice(0, 40)).toBe(true);
    await same(PICTURE);
    await same(pathToFileURL(PICTURE).href);
    await same(pathToFileURL(PICTURE).href.replace('file:', 'FILE:'));
    await same(`HTTP://${origin}/picture.png`);
    await same(`DATA:image/png;base64,${bytes.toString('base64')}`);
    await same(
      `data:image/png,${[...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`,
    );
  });

  it('are refused in a sentence, without printing a data URI back', async () => {
    const message = (source: string) =>
      measureSource('--image', source).then(
        () => '',
        (error: unknown) => (error instanceof Error ? error.message : ''),
      );
    const uri = `DATA:image/png;base64,${'QUJD'.repeat(10_000)}`;
    expect(await message(uri)).toMatch(/^--image: the data URI is not an image that can be read/);
    expect((await message('data:image/png')).length).toBeLessThan(200);
    expect(await message(`http://${origin}/none`)).toMatch(/: the server answered 404; check the URL$/);
    expect(await message(`http://${origin}/endless`)).toMatch(/the limit is 1.1 GB/);
    expect(await message('ftp://host/a.png')).toMatch(/ftp:\/\/ URLs are not supported/);
    expect(await message(at('none.png'))).toBe(
      `--image: ${at('none.png')} cannot be opened: there is no such file`,
    );
    expect(await message(folder)).toMatch(/cannot be opened: it is a folder/);
    expect((await message('x'.repeat(100_000))).length).toBeLessThan(400);
  });
});

describe('files', () => {
  it('are replaced whole, and nothing stays beside them', async () => {
    writeFileSync(at('out.png'), 'before');
    await checkWritable('--out', at('out.png'));
    expect(readFileSync(at('out.png'), 'utf8')).toBe('before');
    await writeFileAt('--out', at('out.png'), text('after'));
    expect(readFileSync(at('out.png'), 'utf8')).toBe('after');
    expect(readdirSync(folder)).toEqual(['out.png']);
  });

  it('that cannot be written lie where they can, and that is said', async () => {
    const error: unknown = await writeFileAt('--out', at('gone/out.png'), text('painted')).catch(
      (reason) => reason,
    );
    const [, refuge = ''] = /it was saved to (.+) instead$/.exec(String(error)) ?? [];
    expect(readFileSync(refuge, 'utf8')).toBe('painted');
    rmSync(refuge);
  });
});
