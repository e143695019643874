import { expect, it } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { ModelDetails } from '../../contract/modelLibrary';
import type { ModelLibraryState } from '../models/modelLibrary';
import type { Settings } from './settings';
import { createSettings } from './settingsStore';
import { createSuited } from './suited';

const plain: ModelDetails = {
  family: 'sd1',
  isInpainting: true,
  nativeSize: 512,
  name: '',
  location: '',
  precision: 'fp16',
  state: 'fetchable',
  totalBytes: 2e9,
  notes: [],
};

function page() {
  const settings = createSettings();
  const models = createStore<Pick<ModelLibraryState, 'lookups'>>(() => ({ lookups: {} }));
  const suited = createSuited(settings, models);
  /** As the session does it. */
  const change = (changed: Partial<Settings>) => {
    suited.setByHand(changed);
    settings.change(changed);
  };
  const find = (name: string, details: Partial<ModelDetails> = {}) =>
    models.setState({ lookups: { [name]: { state: 'found', details: { ...plain, ...details } } } });
  const shown = () => {
    const { num_inference_steps, guidance_scale, scheduler } = settings.store.getState();
    return [num_inference_steps, guidance_scale, scheduler];
  };
  const note = () => settings.store.getState().suitedNote;
  return { change, find, shown, note, suited };
}

it('choosing a model sets what nobody set, says so in a line, and is put back at a press', () => {
  const { change, shown, note, suited } = page();
  expect(shown()).toEqual(['6', '1', '']);
  change({ model_name: 'stable-diffusion-v1-5/stable-diffusion-inpainting' });
  expect(shown()).toEqual(['30', '7.5', '']);
  expect(note()?.text).toBe('Set for this model: 30 steps, guidance 7.5');
  change({ model_name: 'stabilityai/sd-turbo' });
  expect(shown()).toEqual(['4', '0', '']);
  expect(note()).toMatchObject({ text: 'Set for this model: 4 steps, guidance 0', kind: 'set' });
  suited.press();
  expect(shown()).toEqual(['30', '7.5', '']);
  expect(note()).toBeNull();
  // What was put back was chosen by hand: the next model leaves it.
  change({ model_name: 'starter' });
  expect(shown()).toEqual(['30', '7.5', '']);
  expect(note()).toMatchObject({ text: 'Suits this model: 6 steps, guidance 1', kind: 'kept' });
  suited.press();
  expect(shown()).toEqual(['6', '1', '']);
});

it('what a person typed stays, the rest follows', () => {
  const { change, shown, note } = page();
  change({ num_inference_steps: '12' });
  change({ model_name: 'stabilityai/sd-turbo' });
  expect(shown()).toEqual(['12', '0', '']);
  expect(note()?.text).toBe('Set for this model: guidance 0');
  // A note about a field that is now being edited disappears.
  change({ guidance_scale: '2' });
  expect(note()).toBeNull();
  // An emptied field no longer counts as set by the user.
  change({ num_inference_steps: '', guidance_scale: '' });
  change({ model_name: 'starter' });
  expect(shown()).toEqual(['6', '1', '']);
});

it('what a recipe brought counts as set by hand', () => {
  const { change, shown, note } = page();
  change({
    model_name: 'stabilityai/sd-turbo',
    num_inference_steps: '2',
    guidance_scale: '0',
    scheduler: 'Euler a',
  });
  expect(shown()).toEqual(['2', '0', 'Euler a']);
  expect(note()?.kind).toBe('kept');
});

it('other models are followed once they are looked up; a guess from a name is told as one', () => {
  const { change, find, shown, note } = page();
  change({ model_name: 'owner/dreamshaper-8-lcm' });
  expect(shown()).toEqual(['6', '1', '']);
  expect(note()).toBeNull();
  find('owner/dreamshaper-8-lcm');
  expect(shown()).toEqual(['8', '1.5', 'LCM']);
  expect(note()?.text).toBe(
    'Set for this model, guessed from its name: 8 steps, guidance 1.5, scheduler LCM',
  );
  change({ model_name: 'owner/distilled' });
  find('owner/distilled', { traits: { readsGuidance: true, scheduler: 'LCMScheduler' } });
  expect(shown()).toEqual(['4', '8', '']);
  expect(note()?.text).toBe('Set for this model: 4 steps, guidance 8, the model’s own scheduler');
  change({ model_name: 'owner/plain' });
  find('owner/plain');
  expect(shown()).toEqual(['30', '7.5', '']);
  // Looked up again, after a download for example: nothing changes.
  change({ num_inference_steps: '' });
  find('owner/plain', { state: 'kept' });
  expect(shown()).toEqual(['', '7.5', '']);
});
