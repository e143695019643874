/** Models that are known to inpaint by diffusion. */
import { loadModel } from '../../src/model/load';
import type { DiffusionModel } from '../../src/pipeline/model';

/** {@link loadModel} for a checkpoint of a diffusion model. @throws TypeError if it is of another task */
export async function loadDiffusion(...given: Parameters<typeof loadModel>): Promise<DiffusionModel> {
  const model = await loadModel(...given);
  if (model.task !== 'inpaint') throw new TypeError(`${model.name} is no diffusion model`);
  return model;
}
