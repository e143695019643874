/** Repositories of the selectors on offer, each with a tiny random model of its class (tools/goldens/select_models.py). */
import { fileURLToPath } from 'node:url';
import { selectors } from '../../../src/contract/selectors';
import { folderFiles, type HubRepo } from './files';

const folders: Readonly<Record<string, string>> = {
  SamModel: 'sam',
  Sam2Model: 'sam2',
  EdgeTamModel: 'edgetam',
  CLIPSegForImageSegmentation: 'clipseg',
};

export function selectorFolder(kind: string): string {
  return fileURLToPath(new URL(`../../../goldens/selectors/${folders[kind]}`, import.meta.url));
}

export function selectorRepos(): Promise<HubRepo[]> {
  return Promise.all(
    selectors.map(async ({ id, kind, licence }) => ({
      id,
      files: await folderFiles(selectorFolder(kind)),
      card: { license: licence },
    })),
  );
}
