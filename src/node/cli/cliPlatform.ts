/** The command line as a host's platform: `--model`, `--lora` and `--embedding` may also be paths on this disk. */
import { openAsBlob } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChooseFile, OwnModel, Platform } from '../../host/platform';
import type { LocalFile } from '../../model/addOnSource';
import { HUB_URL } from '../../model/source/modelName';
import { localSource } from '../folder';
import { nodePlatform, ownFolder } from '../platform';

/**
 * `HF_ENDPOINT` and `HF_TOKEN` mean what they mean to Hugging Face's own tools; `INLAY_CACHE` is where models are kept.
 * @param threads CPU threads; all cores if absent
 */
export function cliPlatform(threads?: number): Platform {
  const hub = { url: process.env.HF_ENDPOINT || HUB_URL, token: process.env.HF_TOKEN || undefined };
  return { ...nodePlatform({ threads, hub }), ownModel, ownAddOn };
}

/** A folder is read as it is, a single file is prepared first. @returns undefined if nothing on the disk has that name */
async function ownModel(name: string): Promise<OwnModel | undefined> {
  const found = await stat(name).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isDirectory()) return ownFolder(name, name);
  return { source: async () => ({ ...(await localSource(name)), name }) };
}

/**
 * A file, or the only suitable one in a folder.
 * @returns undefined if nothing on the disk has that name
 * @throws InputError if a folder holds several
 */
async function ownAddOn(source: string, choose: ChooseFile): Promise<LocalFile | undefined> {
  const found = await stat(source).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return fileAt(source);
  const files = (await readdir(source)).map((path) => ({ path }));
  return fileAt(join(source, choose(source, files).path));
}

async function fileAt(path: string): Promise<LocalFile> {
  const { size, mtimeMs } = await stat(path);
  return { name: path, blob: await openAsBlob(path), version: `${size} ${mtimeMs}` };
}
