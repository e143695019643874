/**
 * Settings follow the model: choosing one sets what nobody set by hand, says so in a line, and can be put back. What a
 * person typed stays, and so does what a recipe or another program's file brought: both were asked for. The sample brings
 * no settings of its own.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { apiDefaults, type ModelSettings, settingsInWords } from '../../contract/modelSettings';
import { type SuitedSettings, suitedSettings } from '../../contract/suitedSettings';
import type { ModelLibraryState } from '../models/modelLibrary';
import type { Settings } from './settings';

/** The fields that follow the model. */
const fields = ['num_inference_steps', 'guidance_scale', 'scheduler'] as const;
type Field = (typeof fields)[number];
type Followed = Pick<Settings, Field>;

export interface SuitedNote {
  /** `Set for this model: 4 steps, guidance 0` */
  text: string;
  /** `set`: it was done and can be put back; `kept`: what was set by hand stands, and what suits can be taken. */
  kind: 'set' | 'kept';
  /** What the press brings. */
  other: Partial<Followed>;
}

export interface Suited {
  readonly store: StoreApi<{ note: SuitedNote | null }>;
  /** What was set by hand, of the fields that follow the model. */
  byHand(): readonly Field[];
  /** Call before settings are changed by hand or by a recipe. */
  setByHand(changed: Partial<Settings>): void;
  /** The note's press: puts back what was there before, or takes what suits the model. */
  press(): void;
}

/** @param models whose look-ups say what a model is; absent: names alone decide */
export function createSuited(
  settings: StoreApi<Settings>,
  models: StoreApi<Pick<ModelLibraryState, 'lookups'>> | undefined,
): Suited {
  const store = createStore<{ note: SuitedNote | null }>(() => ({ note: null }));
  const byHand = new Set<Field>();
  /** What the settings were made for last: looking the same model up again changes nothing. */
  let followed = keyOf(settings.getState().model_name.trim(), suitedSettings(settings.getState().model_name));

  function follow(): void {
    const name = settings.getState().model_name.trim();
    const known = knowledgeOf(name, models?.getState().lookups);
    if (known === undefined) {
      // Still to be looked up: the last note was about another model.
      if (!followed.startsWith(`${name}\n`)) store.setState({ note: null });
      return;
    }
    const key = keyOf(name, known);
    if (key === followed) return;
    followed = key;
    const wanted = asTyped(known?.settings ?? apiDefaults);
    const now = settings.getState();
    const differing = fields.filter((field) => now[field] !== wanted[field]);
    const free = differing.filter((field) => !byHand.has(field));
    const guess = known?.from === 'name' ? ', guessed from its name' : '';
    if (free.length > 0) {
      const before = pick(now, free);
      settings.setState(pick(wanted, free));
      store.setState({
        note: {
          text: `Set for this model${guess}: ${inWords(pick(wanted, free))}`,
          kind: 'set',
          other: before,
        },
      });
    } else if (differing.length > 0 && known !== null) {
      const other = pick(wanted, differing);
      store.setState({ note: { text: `Suits this model${guess}: ${inWords(other)}`, kind: 'kept', other } });
    } else store.setState({ note: null });
  }
  settings.subscribe((now, before) => {
    if (now.model_name !== before.model_name) follow();
  });
  models?.subscribe(follow);

  return {
    store,
    byHand: () => [...byHand],
    setByHand(changed) {
      const typed = fields.filter((field) => changed[field] !== undefined);
      for (const field of typed) {
        // An emptied field is nobody's.
        if (changed[field] === '') byHand.delete(field);
        else byHand.add(field);
      }
      if (typed.length > 0) store.setState({ note: null });
    },
    press() {
      const { note } = store.getState();
      if (note === null) return;
      for (const field of fields) {
        if (note.other[field] === undefined) continue;
        if (note.kind === 'set') byHand.add(field);
        else byHand.delete(field);
      }
      settings.setState(note.other);
      store.setState({ note: null });
    },
  };
}

/** @returns null where nothing is known of the model but that it is one; undefined as long as it is looked up */
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

/** As the fields hold them. */
function asTyped({ num_inference_steps, guidance_scale, scheduler }: ModelSettings): Followed {
  return {
    num_inference_steps: String(num_inference_steps),
    guidance_scale: String(guidance_scale),
    scheduler: scheduler ?? '',
  };
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
