/** The models whose work is counted: true configurations, no weights. */

import type { CheckpointFiles } from '../../../src/model/files';
import { filesOfTexts } from '../../../src/model/files';
import { folderFiles } from '../../../src/node/folder';
import { starterFolder } from '../../../src/node/platform';
import { type Family, familyFiles } from '../hub/families';
import { countNetworks } from './count';
import type { CountingGpu } from './runtime';
import type { Figures } from './tally';

export interface CountedModel {
  name: string;
  /** Of the image, in pixels. */
  side: number;
  files(): CheckpointFiles;
}

const family = (name: Family, side: number): CountedModel => ({
  name,
  side,
  files() {
    const { configs, texts } = familyFiles(name);
    const all = [...configs].map(([path, json]) => [path, JSON.stringify(json)] as const);
    return filesOfTexts(name, new Map([...all, ...texts]));
  },
});

export const countedModels: readonly CountedModel[] = [
  { name: 'starter', side: 256, files: () => ({ ...folderFiles(starterFolder), name: 'starter' }) },
  family('sd15-inpaint', 512),
  family('sd2-inpaint', 512),
  family('sdxl-inpaint', 1024),
];

export interface CountedGraph extends Figures {
  /** Model, network and side, e.g. `sd15-inpaint unet 512`. */
  graph: string;
  nodes: number;
}

export async function* countModel(
  gpu: CountingGpu,
  { name, side, files }: CountedModel,
): AsyncGenerator<CountedGraph> {
  for await (const { network, ...figures } of countNetworks(gpu, files(), side))
    yield { graph: `${name} ${network} ${side}`, ...figures };
}
