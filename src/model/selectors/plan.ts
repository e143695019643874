/** Which files of a selector's repository are fetched: the graphs in their chosen form, their data, and the small files. */
import { CheckpointError } from '../../contract/errors';
import {
  GRAPH_SUFFIX,
  MAX_DATA_FILES,
  MAX_SELECTOR_BYTES,
  SELECTOR_TEXTS,
  type SelectorOffer,
} from '../../contract/selectors';
import type { ModelPlan } from '../prepare/plan';
import type { RemoteFile } from '../source/download';
import type { Source } from '../source/source';

/** What stored selectors call their weights. */
export const SELECTOR = 'selector';

/** The key of a selector in the store, which differs from that of a model of the same name. */
export function selectorKey(canonicalName: string): string {
  return `${SELECTOR} ${canonicalName}`;
}

/** The graph's file, as transformers.js looks for it. */
export function graphPath(name: string, { graphs }: SelectorOffer): string {
  return `onnx/${name}${GRAPH_SUFFIX[graphs[name] ?? 'fp32']}.onnx`;
}

/** The names under which a graph's weights may lie beside it, in order. */
export function dataPaths(graph: string): string[] {
  return Array.from({ length: MAX_DATA_FILES }, (_, at) => `${graph}_data${at === 0 ? '' : `_${at}`}`);
}

/**
 * @throws CheckpointError if a file is missing, or all of them are larger than any selector's
 */
export function planSelector(source: Source, offer: SelectorOffer): ModelPlan {
  const byPath = new Map(source.files.map((file) => [file.path, file]));
  const required = (path: string): RemoteFile => {
    const file = byPath.get(path);
    if (file !== undefined) return file;
    throw new CheckpointError(
      `selector "${offer.title}": ${source.location} has no ${path}; the repository was changed or its mirror is incomplete`,
    );
  };
  const texts = [...SELECTOR_TEXTS.required, ...(offer.task === 'name' ? SELECTOR_TEXTS.ofWords : [])];
  const small = texts.map(required);
  const files = Object.keys(offer.graphs).flatMap((name) => {
    const graph = required(graphPath(name, offer));
    return [graph, ...dataPaths(graph.path).flatMap((path) => byPath.get(path) ?? [])];
  });
  const downloadBytes = [...small, ...files].reduce((sum, { size }) => sum + size, 0);
  if (downloadBytes > MAX_SELECTOR_BYTES) {
    throw new CheckpointError(
      `selector "${offer.title}": its files at ${source.location} have ${Math.ceil(downloadBytes / 1e6)} MB, where at most ` +
        `${MAX_SELECTOR_BYTES / 1e6} are taken; check which hub the files come from`,
    );
  }
  const { key, name, location, commit, licence, notes } = source;
  return {
    key: selectorKey(key),
    name,
    location,
    ...(commit !== undefined && { commit }),
    ...(licence !== undefined && { licence }),
    precision: 'fp32',
    components: [{ folder: SELECTOR, precision: 'fp32', format: 'verbatim', files }],
    small,
    downloadBytes,
    notes,
  };
}
