/** What a model is, for the page: family, kind and size, before any weights are fetched. */
import type { ModelFacts } from '../contract/modelLibrary';
import { openCheckpoint } from './checkpoint/open';
import { describeModel } from './describeModel';
import { configPaths, readSingleFile } from './families';
import { type CheckpointFiles, filesOfTexts, heeding } from './files';
import { addDerivedTexts, configsBeside } from './prepare/layout';
import type { ModelPlan } from './prepare/plan';
import type { Connection } from './source/download';
import { RemoteAccess, readSmallFile } from './source/sourceFile';

/**
 * @param files in the diffusers layout
 * @throws CheckpointError if it is of a kind that Inlay cannot run
 */
export async function factsOf(files: CheckpointFiles, signal?: AbortSignal): Promise<ModelFacts> {
  const { facts } = await describeModel(signal === undefined ? files : heeding(files, { signal }));
  return facts;
}

/**
 * Reads the small files, and of a single file its header.
 * @returns with the facts the configurations of its networks, by path; none for an export, which only its graphs describe
 * @throws as {@link factsOf}, and as `download`
 */
export async function factsOfPlan(
  plan: ModelPlan,
  connection: Connection,
): Promise<{ facts: ModelFacts; configurations: ReadonlyMap<string, string> }> {
  const texts = new Map<string, string>();
  for (const path of [...configPaths, 'scheduler/scheduler_config.json']) {
    const file = plan.small.find((small) => small.path === path);
    if (file === undefined) continue;
    texts.set(path, new TextDecoder().decode(await readSmallFile(file, connection)));
  }
  if (plan.index !== undefined) texts.set('model_index.json', JSON.stringify(plan.index));
  const files = filesOfTexts(plan.name, texts);
  if (plan.single !== undefined) {
    const { signal } = connection;
    const access = new RemoteAccess(plan.single.file, connection, {});
    const checkpoint = await openCheckpoint(access, signal);
    // Files beside it override what is derived from it, as when it is prepared.
    const configs = await configsBeside(files);
    addDerivedTexts(texts, await readSingleFile(checkpoint, { configs, signal }));
  }
  const facts = await factsOf(files);
  const isExport = plan.components.some(({ format }) => format === 'onnx');
  const configurations = new Map([...texts].filter(([path]) => configPaths.includes(path)));
  return { facts, configurations: isExport ? new Map() : configurations };
}
