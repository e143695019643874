/**
 * Digests of synthetic files of gigabytes. Each costs a pass over all bytes, and the same recipe always gives the same bytes,
 * so they are computed once and stored in a file.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../.cache/hub-digests', import.meta.url));

/**
 * @param recipe everything that the bytes follow from
 * @param compute makes the digest where none is remembered
 */
export function rememberDigest(recipe: string, compute: () => Promise<string>): () => Promise<string> {
  let digest: Promise<string> | undefined;
  const find = async (): Promise<string> => {
    const path = `${folder}/${createHash('sha1').update(recipe).digest('hex')}`;
    const known = await readFile(path, 'utf8').catch(() => undefined);
    if (known !== undefined) return known;
    const made = await compute();
    await mkdir(folder, { recursive: true });
    // Two hubs may come to it at once: a rename leaves no half of a file.
    await writeFile(`${path}.${process.pid}`, made);
    await rename(`${path}.${process.pid}`, path);
    return made;
  };
  return () => {
    digest ??= find();
    return digest;
  };
}
