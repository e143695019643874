/** Which model selects, and selecting by name: the models of the Hub, asked for and downloaded when they are first wanted. */
import { createStore } from 'zustand/vanilla';
import type { Assistant } from '../../contract/assist';
import { isAbort } from '../../contract/errors';
import { MAX_THING_CHARACTERS, NAME_SELECTOR, selectorOf, selectors } from '../../contract/selectors';
import { displayError } from '../errorDisplay';
import type { ModelLibraryState, ModelLibraryStore } from '../models/modelLibrary';
import type { Session } from '../session/session';
import type { ReadonlyStore } from '../settings/settingsStore';
import type { Selecting } from './selecting';

export { MAX_THING_CHARACTERS, NAME_SELECTOR };

/** The models that take clicks, beside the page's own. */
export const clickSelectors = selectors.filter(({ task }) => task === 'click');

export interface SelectorsState {
  /** The model of the Hub that takes clicks; null: the page's own. */
  chosen: string | null;
  /** What is being downloaded in order to be chosen, or asked about. */
  wanted: string | null;
  /** A name that is being looked for. */
  looking: string | null;
}

export interface Selectors {
  readonly store: ReadonlyStore<SelectorsState>;
  /** Chooses a model for clicks, which is downloaded first, after a question, if it isn't on this device. */
  choose(id: string | null): Promise<void>;
  /** Selects what has that name, joined with the mask as presses are. What is not found, or fails, is said on the stage. */
  find(name: string): Promise<void>;
  /** Stops looking, and pauses a download that was begun for it. */
  stop(): void;
}

export interface SelectorPreference {
  read(): string | undefined;
  write(id: string | undefined): void;
}

export interface SelectorsParts {
  models: Pick<ModelLibraryStore, 'store' | 'ensureSelector'>;
  assistant: Pick<Assistant, 'use' | 'release'>;
  session: Pick<Session, 'editor' | 'showStageError'>;
  selecting: Pick<Selecting, 'renew' | 'stop'>;
}

export function createSelectors(parts: SelectorsParts, preference: SelectorPreference): Selectors {
  const { models, assistant, session, selecting } = parts;
  const { editor, showStageError } = session;
  const remembered = preference.read();
  const isKnown = remembered !== undefined && selectorOf(remembered)?.task === 'click';
  const store = createStore<SelectorsState>(() => ({
    chosen: isKnown ? remembered : null,
    wanted: null,
    looking: null,
  }));
  let choosing: AbortController | undefined;
  let finding: AbortController | undefined;
  assistant.use(store.getState().chosen ?? undefined);

  function take(id: string | null): void {
    store.setState({ chosen: id });
    preference.write(id ?? undefined);
    assistant.use(id ?? undefined);
    selecting.renew();
  }

  const complain = (error: unknown) => {
    if (!isAbort(error)) showStageError(displayError(error).message);
  };

  // What was deleted, here or in another tab, neither answers nor holds memory any more.
  models.store.subscribe((now, before) => {
    const { chosen } = store.getState();
    if (chosen !== null && now.kept !== null && !isStored(now, chosen)) take(null);
    if (isStored(before, NAME_SELECTOR) && !isStored(now, NAME_SELECTOR)) assistant.release();
  });

  return {
    store,
    async choose(id) {
      choosing?.abort();
      if (id === null) {
        take(null);
        return;
      }
      const mine = new AbortController();
      choosing = mine;
      store.setState({ wanted: id });
      try {
        await models.ensureSelector(id, mine);
        if (choosing === mine) take(id);
      } catch (error) {
        complain(error);
      } finally {
        if (choosing === mine) {
          choosing = undefined;
          store.setState({ wanted: null });
        }
      }
    },
    async find(name) {
      const text = name.trim().slice(0, MAX_THING_CHARACTERS);
      if (text === '' || store.getState().looking !== null) return;
      const mine = new AbortController();
      finding = mine;
      store.setState({ looking: text });
      try {
        await models.ensureSelector(NAME_SELECTOR, mine);
        mine.signal.throwIfAborted();
        const { mode, objectGrow } = editor.store.getState();
        const isFound = await editor.gesture.hand.objects.selectNamed(text, { mode, grow: objectGrow });
        if (!isFound)
          showStageError(
            `Nothing that looks like “${text}” was found. Try another word, or press the thing.`,
          );
      } catch (error) {
        complain(error);
      } finally {
        finding = undefined;
        store.setState({ looking: null });
      }
    },
    stop() {
      finding?.abort();
      choosing?.abort();
      selecting.stop();
    },
  };
}

function isStored({ assistants }: ModelLibraryState, id: string): boolean {
  return assistants.some(({ name, unfinished }) => name === id && unfinished === undefined);
}

const KEY = 'inlay.selector';

/** Remembered from visit to visit; if the browser forbids storage, until the page is left. */
export function browserSelectorPreference(): SelectorPreference {
  return {
    read() {
      try {
        return localStorage.getItem(KEY) ?? undefined;
      } catch {
        return undefined;
      }
    },
    write(id) {
      try {
        if (id === undefined) localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, id);
      } catch {
        // Storage is forbidden or full: the choice lasts until the page is left.
      }
    },
  };
}
