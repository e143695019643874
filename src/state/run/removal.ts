/** What "Remove" runs: the embedded fill, or the chosen model if it is one that removes. It never leaves the device. */
import { families } from '../../contract/families';
import { FILL } from '../../contract/schema';
import { type Task, taskOf, variesBySeed } from '../../contract/tasks';
import type { ModelLibraryState } from '../models/modelState';
import type { Version } from '../pictures/versions';
import { initialSettings, type Settings } from '../settings/settings';

type Lookups = ModelLibraryState['lookups'];

/** What a model is for: by its name, or by its configuration once that is known. */
export function taskOfModel(modelName: string, lookups: Lookups = {}): Task {
  const lookup = lookups[modelName.trim()];
  const removes = lookup?.state === 'found' && lookup.details.removes === true;
  return removes ? 'remove' : taskOf(modelName);
}

/** Whether another seed gives another result: by its name, or by its configuration once that is known. */
export function variesFromSeed(modelName: string, lookups: Lookups = {}): boolean {
  const lookup = lookups[modelName.trim()];
  return lookup?.state === 'found' ? families[lookup.details.family].variesBySeed : variesBySeed(modelName);
}

/** What a result was made for. */
export function taskOfResult({ modelName }: Pick<Version, 'modelName'>, lookups?: Lookups): Task {
  return modelName === null ? 'inpaint' : taskOfModel(modelName, lookups);
}

/**
 * The settings that "Remove" runs with: the model, and of what was typed only what says something about the area, so that
 * a wrong number of steps is in nobody's way.
 */
export function removalSettings(typed: Settings, lookups?: Lookups): Settings {
  const { seed, variations, crop_padding } = typed;
  const model_name = taskOfModel(typed.model_name, lookups) === 'remove' ? typed.model_name : FILL;
  return { ...initialSettings, model_name, prompt: '', seed, variations, crop_padding };
}

/**
 * So many new pixels of an extended canvas are filled without being asked for: 1,200 × 800 drawn out by a half on all
 * sides. More takes longer than people wait for what they may not want.
 */
export const MOST_UNASKED_PIXELS = 3_000_000;

/** The mask grows by this share of its size… */
const GROWTH = 1 / 24;
/** … and by at least this many image pixels, the width of a photograph's soft edge. */
const LEAST_GROWTH = 3;

/** By how many image pixels "A little more around" grows a mask. */
export function growthFor({ width, height }: { width: number; height: number }): number {
  return Math.max(LEAST_GROWTH, Math.round(Math.sqrt(width * height) * GROWTH));
}
