import { expect, it } from 'vitest';
import type { ModelDetails } from '../../contract/modelLibrary';
import type { Failure } from '../models/modelState';
import { nextStep, type Situation } from './readiness';

const details: ModelDetails = {
  ...{ family: 'sd1', isInpainting: true, nativeSize: 512, name: 'owner/x', location: 'owner/x' },
  ...{ precision: 'fp16', state: 'kept', totalBytes: 2e9, notes: [] },
};
const ready: Situation = {
  isOpening: false,
  hasPicture: true,
  isSelecting: false,
  hasMask: true,
  modelName: 'owner/x',
  models: {
    lookups: { 'owner/x': { state: 'found', details } },
    fetches: {},
    fits: {},
    kept: [],
    assistants: [],
  },
  hosted: { on: false, online: true, maskedKey: null, hasProxy: false, server: null },
};
const models = (changed: Partial<Situation['models']>): Partial<Situation> => ({
  models: { ...ready.models, ...changed },
});
const hosted = (changed: Partial<NonNullable<Situation['hosted']>>): Partial<Situation> => ({
  hosted: { on: true, online: true, maskedKey: '••••', hasProxy: false, server: null, ...changed },
});
const failed = (why: Pick<Failure, 'wantsToken' | 'canTryAgain' | 'isOfNetwork'>) =>
  models({ lookups: { 'owner/x': { state: 'failed', message: 'no', ...why } } });
const lookups = (state: ModelDetails['state']) =>
  models({ lookups: { 'owner/x': { state: 'found', details: { ...details, state } } } });

it.each<[string, Partial<Situation>]>([
  ['a model that is kept', {}],
  ['a folder at an address', lookups('served')],
  ['the starter, whatever was looked up', { modelName: 'starter', ...models({ lookups: {} }) }],
  ['hosted, with a key', hosted({})],
  [
    'by a server of one’s own, offline, with the starter',
    { ...hosted({ maskedKey: null, server: 'http://localhost:8199', online: false }), modelName: 'starter' },
  ],
  ['hosted, whatever this machine can', { ...hosted({}), ...models({ lookups: {} }) }],
])('ready: %s', (_what, changed) => {
  expect(nextStep({ ...ready, ...changed })).toEqual({ text: 'Ready', isReady: true });
});

it.each<[string, Partial<Situation>]>([
  ['Open an image to start', { hasPicture: false }],
  ['Opening…', { isOpening: true }],
  ['Paint over the area to change', { hasMask: false }],
  ['Click the thing to change', { hasMask: false, isSelecting: true }],
  ['Choose a model', { modelName: ' ' }],
  ['Looking up the model…', models({ lookups: {} })],
  ['Choose another model', failed({ wantsToken: 'no', canTryAgain: false, isOfNetwork: false })],
  [
    'Enter an access token for this model',
    failed({ wantsToken: 'yes', canTryAgain: false, isOfNetwork: false }),
  ],
  ['The model couldn’t be looked up', failed({ wantsToken: 'no', canTryAgain: true, isOfNetwork: true })],
  ['Download the model first', lookups('fetchable')],
  [
    'Downloading the model',
    { ...models({ fetches: { 'owner/x': { state: 'waiting', forOtherTab: false } } }) },
  ],
  [
    'This model is too large for this device',
    models({ fits: { 'owner/x': { verdict: 'tooLarge', neededBytes: 2, availableBytes: 1, message: '' } } }),
  ],
  ['Enter a fal.ai API key and click Use key', hosted({ maskedKey: null })],
  ['You’re offline; the hosted API can’t be reached', hosted({ online: false })],
  ['Choose a model for the hosted API', { ...hosted({}), modelName: 'starter' }],
])('not ready: %s', (text, changed) => {
  expect(nextStep({ ...ready, ...changed })).toEqual({ text, isReady: false });
});
