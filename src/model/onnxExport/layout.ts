/** Where each tensor of an ONNX export goes, read only from its graphs. */

import type { Precision } from '../../graph/onnx/types';
import { readExported } from '../../graph/onnxExport/read';
import { asUnsupportedError } from '../blueprint';
import { refuseForeign } from '../checkpoint/open';
import type { IndexedTensor } from '../checkpoint/reader';
import { planShards, type ShardPlan } from '../prepare/shards';
import type { RemoteFile } from '../source/download';
import type { RemoteAccess } from '../source/sourceFile';
import { encodeSkeleton, skeletonPath, storedTypeOf } from './files';

export interface ExportLayout {
  /** The graph without weights: a text by path within the model. */
  skeleton: { path: string; text: string };
  /** Every file of the export, with the shards made from it. */
  sources: { access: RemoteAccess; shards: { component: string; plan: ShardPlan }[] }[];
}

/**
 * @param model what errors call the checkpoint
 * @param files of the wanted networks, `unet/model.onnx` and what is beside it
 * @param open opens a file for reading at any position
 * @throws CheckpointError if a graph is damaged, lacks a file, or has weights that cannot be run
 */
export async function layOutExports(
  model: string,
  files: readonly RemoteFile[],
  precision: Precision,
  open: (file: RemoteFile) => RemoteAccess,
  shardBytes?: number,
): Promise<ExportLayout[]> {
  const layouts: ExportLayout[] = [];
  const components = files.flatMap(({ path }) => /^(.+)\/model\.onnx$/.exec(path)?.[1] ?? []);
  for (const component of components.sort()) {
    const opened = new Map<string, RemoteAccess>();
    const beside = async (name: string): Promise<RemoteAccess | undefined> => {
      const path = `${component}/${name}`;
      const file = files.find((file) => file.path === path);
      const access = opened.get(path) ?? (file && open(file));
      if (access !== undefined) opened.set(path, access);
      return access;
    };
    const { skeleton, tensors } = await asUnsupportedError(model, async () => {
      const graph = await beside('model.onnx');
      if (graph === undefined) throw new TypeError(`${component}/model.onnx was listed`);
      await refuseForeign(graph);
      return readExported(graph, beside);
    });
    let count = 0;
    const sources = [...opened.values()].map((access) => {
      const shards = (['F16', 'F32'] as const).flatMap((stored) => {
        const here = tensors.filter(
          (tensor) => tensor.file === access && storedTypeOf(tensor, precision) === stored,
        );
        const index = new Map(
          here.map(({ name, type, shape, offset, length }): [string, IndexedTensor] => [
            name,
            { dtype: type, shape, offset, length, file: access },
          ]),
        );
        const before = count;
        const name = (number: number) =>
          `${component}/${String(before + number).padStart(5, '0')}.safetensors`;
        const plans = planShards(index, stored, name, shardBytes);
        count += plans.length;
        return plans.map((plan) => ({ component, plan }));
      });
      return { access, shards };
    });
    layouts.push({ skeleton: { path: skeletonPath(component), text: encodeSkeleton(skeleton) }, sources });
  }
  return layouts;
}
