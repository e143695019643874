/**
 * Settings follow the model. Choosing a model sets what the user has not set, with a note and a way back. What the user
 * typed stays, and so does what a recipe or another program's file brought: both were asked for. The sample brings no
 * settings of its own.
 */
import { apiDefaults, type ModelSettings, settingsInWords } from '../../contract/modelSettings';
import { type SuitedSettings, suitedSettings } from '../../contract/suitedSettings';
import { taskOf } from '../../contract/tasks';
import type { ModelLibraryState } from '../models/modelLibrary';
import { asTyped, type Settings } from './settings';
import type { ReadonlyStore, SettingsStore } from './settingsStore';

/** The fields that follow the model. */
export const followingFields = ['num_inference_steps', 'guidance_scale', 'scheduler'] as const;
type Field = (typeof followingFields)[number];
type Followed = Pick<Settings, Field>;

export interface Suited {
  /** Those of the fields that follow the model which the user set. */
  byHand(): readonly Field[];
  /** Call before the user or a recipe changes settings. */
  setByHand(changed: Partial<Settings>): void;
  /** The note's button: puts back the settings of before, or takes those that suit the model. */
  press(): void;
}

/** @param models whose look-ups say what a model is; absent: only names decide */
export function createSuited(
  settings: SettingsStore,
  models: ReadonlyStore<Pick<ModelLibraryState, 'lookups'>> | undefined,
): Suited {
  const { store, note } = settings;
  const byHand = new Set<Field>();
  /** The model that the settings followed last: looking it up again changes nothing. */
  let followed = keyOf(store.getState().model_name.trim(), suitedSettings(store.getState().model_name));

  function follow(): void {
    const name = store.getState().model_name.trim();
    // It has none of these settings; the next model gets what the last one had.
    if (taskOf(name) === 'remove') {
      followed = name;
      note(null);
      return;
    }
    const known = knowledgeOf(name, models?.getState().lookups);
    if (known === undefined) {
      // Still being looked up: the last note was about another model.
      if (!followed.startsWith(`${name}\n`)) note(null);
      return;
    }
    const key = keyOf(name, known);
    if (key === followed) return;
    followed = key;
    const wanted = typed(known?.settings ?? apiDefaults);
    const now = store.getState();
    const differing = followingFields.filter((field) => now[field] !== wanted[field]);
    const free = differing.filter((field) => !byHand.has(field));
    const guess = known?.from === 'name' ? ', guessed from its name' : '';
    if (free.length > 0) {
      const other = pick(now, free);
      settings.change(pick(wanted, free));
      note({ text: `Set for this model${guess}: ${inWords(pick(wanted, free))}`, kind: 'set', other });
    } else if (differing.length > 0 && known !== null) {
      const other = pick(wanted, differing);
      note({ text: `Suits this model${guess}: ${inWords(other)}`, kind: 'kept', other });
    } else note(null);
  }
  store.subscribe((now, before) => {
    if (now.model_name !== before.model_name) follow();
  });
  models?.subscribe(follow);

  return {
    byHand: () => [...byHand],
    setByHand(changed) {
      const set = followingFields.filter((field) => changed[field] !== undefined);
      for (const field of set) {
        // An emptied field follows the model again.
        if (changed[field] === '') byHand.delete(field);
        else byHand.add(field);
      }
      if (set.length > 0) note(null);
    },
    press() {
      const { suitedNote } = store.getState();
      if (suitedNote === null) return;
      for (const field of followingFields) {
        if (suitedNote.other[field] === undefined) continue;
        if (suitedNote.kind === 'set') byHand.add(field);
        else byHand.delete(field);
      }
      settings.change(suitedNote.other);
      note(null);
    },
  };
}

/** @returns null if only its being a model is known; undefined while it is being looked up */
function knowledgeOf(
  name: string,
  lookups: ModelLibraryState['lookups'] | undefined,
): SuitedSettings | null | undefined {
  const byId = suitedSettings(name);
  if (byId?.from === 'id') return byId;
  const lookup = lookups?.[name];
  return lookup?.state === 'found' ? suitedSettings(name, lookup.details.traits) : undefined;
}

function keyOf(name: string, known: SuitedSettings | null): string {
  return `${name}\n${JSON.stringify(known)}`;
}

/** As the fields hold them; without a scheduler the model's own. */
function typed(settings: ModelSettings): Followed {
  return { scheduler: '', ...asTyped(settings) } as Followed;
}

function pick(from: Followed, names: readonly Field[]): Partial<Followed> {
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}

function inWords({ num_inference_steps, guidance_scale, scheduler }: Partial<Followed>): string {
  const words = settingsInWords({
    ...(num_inference_steps !== undefined && { num_inference_steps: Number(num_inference_steps) }),
    ...(guidance_scale !== undefined && { guidance_scale: Number(guidance_scale) }),
    ...(scheduler && { scheduler }),
  });
  const own = scheduler === '' ? 'the model’s own scheduler' : '';
  return [words, own].filter(Boolean).join(', ');
}
