/** What is still missing before the next result, in the order in which the user meets it. */
import { FILL } from '../../contract/schema';
import { type HostedState, hasAccess, isCutOff, isReached } from '../hosted/hosted';
import { checkModelName, STARTER } from '../models/modelCatalogue';
import { type ModelLibraryState, unfinishedOf } from '../models/modelState';

export interface Situation {
  /** Whether an image is being opened. */
  isOpening: boolean;
  hasPicture: boolean;
  hasMask: boolean;
  /** Whether the tool in use masks what is clicked, instead of what is painted over. */
  isSelecting: boolean;
  modelName: string;
  models: Pick<ModelLibraryState, 'lookups' | 'fetches' | 'fits' | 'kept' | 'assistants'>;
  /** Null if the page does not offer it. */
  hosted: Pick<HostedState, 'on' | 'online' | 'maskedKey' | 'hasProxy' | 'server'> | null;
}

/** The next step, in a line; `isReady`: Generate starts at once, with nothing to ask or fetch first. */
export function nextStep({
  isOpening,
  hasPicture,
  hasMask,
  isSelecting,
  modelName,
  models,
  hosted,
}: Situation): {
  text: string;
  isReady: boolean;
} {
  const wait = (text: string) => ({ text, isReady: false });
  if (isOpening) return wait('Opening…');
  if (!hasPicture) return wait('Open an image to start');
  if (!hasMask) return wait(isSelecting ? 'Click the thing to change' : 'Paint over the area to change');
  const name = modelName.trim();
  if (checkModelName(name) !== null) return wait('Choose a model');
  if (hosted?.on) {
    if (isCutOff(hosted)) return wait('You’re offline; the hosted API can’t be reached');
    if (!hasAccess(hosted)) return wait('Enter a fal.ai API key and click Use key');
    return isReached(name, hosted)
      ? { text: 'Ready', isReady: true }
      : wait('Choose a model for the hosted API');
  }
  if (name === STARTER || name === FILL) return { text: 'Ready', isReady: true };
  const fetching = models.fetches[name]?.state;
  if (fetching === 'running' || fetching === 'waiting') return wait('Downloading the model');
  const lookup = models.lookups[name];
  if (lookup?.state === 'failed') {
    // The way is at hand, below the model's name.
    if (lookup.wantsToken === 'yes') return wait('Enter an access token for this model');
    if (lookup.isOfNetwork) return wait('The model couldn’t be looked up');
    return wait('Choose another model');
  }
  if (models.fits[name]?.verdict === 'tooLarge') return wait('This model is too large for this device');
  if (lookup === undefined || lookup.state === 'looking') return wait('Looking up the model…');
  if (lookup.details.state !== 'fetchable') return { text: 'Ready', isReady: true };
  if (name.startsWith('disk:')) return wait('Add the model first');
  return wait(unfinishedOf(models, name) ? 'Finish downloading the model' : 'Download the model first');
}
