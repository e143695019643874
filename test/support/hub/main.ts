/**
 * Runs the local hub by itself: `tsx test/support/hub/main.ts [owner/name=FOLDER|FAMILY …]`, for instance
 * `stabilityai/stable-diffusion-xl-base-1.0=sdxl`. Without arguments it serves every golden model as
 * `golden/…`. Takes PORT; prints its address on one line.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Family, families } from './families';
import { folderFiles, type HubRepo } from './files';
import { startHub } from './hub';
import { syntheticRepo } from './synthetic';

async function defaults(): Promise<HubRepo[]> {
  const folder = fileURLToPath(new URL('../../../goldens/models/', import.meta.url));
  const golden = (await readdir(folder)).map(async (name) => ({
    id: `golden/${name}`,
    files: await folderFiles(`${folder}${name}`),
  }));
  return Promise.all(golden);
}

async function repoOf(argument: string): Promise<HubRepo> {
  const [id = '', what = ''] = argument.split('=');
  if (!/^[\w.-]+\/[\w.-]+$/.test(id)) throw new Error(`"${argument}" is not of the form owner/name=FOLDER`);
  if ((families as readonly string[]).includes(what)) return syntheticRepo(id, what as Family);
  if (!existsSync(what)) throw new Error(`"${what}" is neither a folder nor one of ${families.join(', ')}`);
  return { id, files: await folderFiles(what) };
}

const args = process.argv.slice(2);
const repos = args.length === 0 ? await defaults() : await Promise.all(args.map(repoOf));
const hub = await startHub({ repos, port: Number(process.env.PORT ?? 0) });
console.log(hub.url);
