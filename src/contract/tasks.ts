/** A model's task: to paint into a mask what a prompt says, or to take away what is there. */
import { families, familyByName, type Task } from './families';
import { FILL } from './schema';

export type { Task } from './families';

/** A model's task, as far as its name tells. */
export function taskOf(modelName: string): Task {
  if (modelName.trim() === FILL) return 'remove';
  const family = familyByName(modelName.trim());
  return family === undefined ? 'inpaint' : families[family].task;
}

/** Whether another seed gives another result, as far as the model's name tells: LaMa and MI-GAN know only one. */
export function variesBySeed(modelName: string): boolean {
  const family = familyByName(modelName.trim());
  return family === undefined || families[family].variesBySeed;
}
