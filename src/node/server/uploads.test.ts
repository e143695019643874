/** Uploads, and results that are stored for a limited time. */
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesOf, picture, post, required, startTestServer } from '../../../test/support/server';
import { start } from '../../../test/support/startServer';
import { folderFileStore } from './files';

describe('uploads and results', () => {
  it('takes a picture of 12 MB in two steps and paints from its address', async () => {
    const { url } = await start();
    const bytes = Buffer.alloc(12e6, 7);
    const upload = { content_type: 'image/png', file_name: '../../photo of me.png' };
    const addresses = await (
      await post(`${url}/storage/upload/initiate?storage_type=fal-cdn-v3`, upload)
    ).json();
    expect(addresses.file_url).toMatch(/\/files\/[\w-]{22}\/photo-of-me\.png$/);
    const put = () => fetch(addresses.upload_url, { method: 'PUT', body: bytes });
    const both = await Promise.all([put(), put()]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await put()).status).toBe(409);
    const answer = await (
      await post(`${url}/fal-ai/inpaint`, { ...required, image_url: addresses.file_url })
    ).json();
    expect(answer.image.file_size).toBe(bytes.byteLength);
    const result = Buffer.from(await (await fetch(answer.image.url)).arrayBuffer());
    expect(result.equals(bytes)).toBe(true);
  });

  it('never gives an upload out as something that a browser runs', async () => {
    const { url } = await start();
    const upload = { content_type: 'text/html', file_name: 'x.html' };
    const { upload_url, file_url } = await (await post(`${url}/storage/upload/initiate`, upload)).json();
    await fetch(upload_url, { method: 'PUT', body: '<script>' });
    const file = await fetch(file_url);
    expect(file.headers.get('content-type')).toBe('application/octet-stream');
    expect(file.headers.get('content-security-policy')).toContain('sandbox');
  });

  it('refuses uploads that are too large, in one piece and in many', async () => {
    const { url } = await start({}, { maxPictureBytes: 1000 });
    const upload = { content_type: 'image/png', file_name: 'a.png' };
    const { upload_url } = await (await post(`${url}/storage/upload/initiate`, upload)).json();
    const put = (bytes: number) => fetch(upload_url, { method: 'PUT', body: Buffer.alloc(bytes) });
    expect((await put(2000)).status).toBe(413);
    expect((await put(500)).status).toBe(200);
    expect((await post(`${url}/storage/upload/initiate-multipart`, upload)).status).toBe(413);
  });

  it('forgets requests and files after their time', async () => {
    const { url } = await start({}, { keepMs: 2000 });
    const { response_url, status_url } = await (await post(`${url}/queue/fal-ai/inpaint`, required)).json();
    await expect.poll(async () => (await fetch(status_url)).status).toBe(200);
    const { image } = await (await fetch(response_url)).json();
    expect((await fetch(image.url)).status).toBe(200);
    await expect.poll(async () => (await fetch(status_url)).status).toBe(404);
    await expect.poll(async () => (await fetch(image.url)).status).toBe(404);
  });

  it('keeps them in a folder that the next server gives them out from', async () => {
    const resultsFolder = mkdtempSync(join(tmpdir(), 'inlay-results-'));
    try {
      const first = await startTestServer({}, { resultsFolder });
      const { image } = await (await post(`${first.url}/fal-ai/inpaint`, required)).json();
      await first.close();
      expect(readdirSync(resultsFolder)).toHaveLength(1);
      const second = await start({}, { resultsFolder });
      const file = await fetch(image.url.replace(first.url, second.url));
      expect(Buffer.from(await file.arrayBuffer()).equals(bytesOf(picture))).toBe(true);
      const third = await start({}, { resultsFolder, keepMs: 1 });
      expect((await fetch(image.url.replace(first.url, third.url))).status).toBe(404);
    } finally {
      rmSync(resultsFolder, { recursive: true });
    }
  });

  it('lets the oldest of what an earlier server left go first, whatever it is called', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inlay-results-'));
    try {
      const ids = { new: 'a'.repeat(22), old: 'b'.repeat(22) };
      for (const [name, id] of Object.entries(ids)) writeFileSync(join(folder, `${id}.${name}.png`), '12345');
      const anHourAgo = Date.now() / 1000 - 3600;
      utimesSync(join(folder, `${ids.old}.old.png`), anHourAgo, anHourAgo);
      const files = await folderFileStore(folder, { keepMs: 7_200_000, maxBytes: 10 });
      await files.put({ name: 'next.png', contentType: 'image/png', bytes: new Uint8Array(5) });
      expect(await files.get(ids.old)).toBeUndefined();
      expect(await files.get(ids.new)).toMatchObject({ name: 'new.png' });
      expect(files.totalBytes).toBe(10);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
