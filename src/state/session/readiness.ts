/** What stands between the page and the next result, in the order in which a person goes about it. */
import { type HostedState, hasAccess, isCutOff, isReached } from '../hosted/hosted';
import { checkModelName, STARTER } from '../models/modelCatalogue';
import { type ModelLibraryState, unfinishedOf } from '../models/modelState';

export interface Situation {
  hasPicture: boolean;
  hasMask: boolean;
  modelName: string;
  models: Pick<ModelLibraryState, 'lookups' | 'fetches' | 'fits' | 'kept'>;
  /** Null where the page was put together without it. */
  hosted: Pick<HostedState, 'on' | 'online' | 'maskedKey' | 'hasProxy' | 'server'> | null;
}

/** What comes next, in a line; `isReady`: a press of Generate makes a result, with nothing asked or fetched first. */
export function nextStep({ hasPicture, hasMask, modelName, models, hosted }: Situation): {
  text: string;
  isReady: boolean;
} {
  const wait = (text: string) => ({ text, isReady: false });
  if (!hasPicture) return wait('Open a picture to begin');
  if (!hasMask) return wait('Paint over what should change');
  const name = modelName.trim();
  if (checkModelName(name) !== null) return wait('Name a model first');
  if (hosted?.on) {
    if (isCutOff(hosted)) return wait('Offline: the hosted API is out of reach');
    if (!hasAccess(hosted)) return wait('Enter a key for the hosted API');
    return isReached(name, hosted)
      ? { text: 'Ready to generate', isReady: true }
      : wait('Choose a model for the hosted API');
  }
  if (name === STARTER) return { text: 'Ready to generate', isReady: true };
  const fetching = models.fetches[name]?.state;
  if (fetching === 'running' || fetching === 'waiting') return wait('The model is being downloaded');
  const lookup = models.lookups[name];
  if (lookup?.state === 'failed') return wait('This model cannot be used: see there');
  if (models.fits[name]?.verdict === 'tooLarge') return wait('This model is too large for this device');
  if (lookup === undefined || lookup.state === 'looking') return wait('Looking up the model …');
  if (lookup.details.state !== 'fetchable') return { text: 'Ready to generate', isReady: true };
  if (name.startsWith('disk:')) return wait('Add the model first');
  return wait(unfinishedOf(models, name) ? 'The model is not here whole yet' : 'Download the model first');
}
