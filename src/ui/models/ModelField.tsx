/** The model to generate with: one that is offered or stored, or any name that is typed. */
import { Check, ChevronDown } from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { type ModelOffer, offers, STARTER, suggestModels, titleOf } from '../../state/models/modelCatalogue';
import { bytesInWords } from '../../state/models/transfer';
import { useModelState, useModels, useSession, useSettings } from '../base/context';
import { useNarrow } from '../base/useNarrow';
import { Field, type FieldAttributes } from '../controls/Field';
import type { ModelDialog } from './dialog/ModelDialog';
import { ModelStatus } from './ModelStatus';
import './modelField.css';

/** How long typing pauses before a name is looked up. */
const PAUSE_MS = 600;

export function ModelField() {
  const modelName = useSettings((state) => state.model_name);
  const { Dialog, begins, openAt, close } = useModelDialog();
  useLookup(modelName.trim());
  const manageButton = (
    <button type="button" className="link small" onClick={() => void openAt('kept')}>
      Manage models
    </button>
  );
  return (
    <div className="model">
      <Field label="Model" field="model_name" aside={manageButton}>
        {(attributes) => <ModelCombobox attributes={attributes} modelName={modelName} />}
      </Field>
      <ModelStatus
        name={modelName.trim()}
        onManage={() => void openAt('kept')}
        onBrowse={() => void openAt('recommended')}
      />
      {Dialog && <Dialog open={begins !== null} onOpenChange={close} begins={begins ?? 'kept'} />}
    </div>
  );
}

/** The dialog's code is loaded when it is first opened: starting the page does not wait for it. */
function useModelDialog() {
  const session = useSession();
  const [Dialog, setDialog] = useState<typeof ModelDialog | null>(null);
  /** What stands first in it; null while it is closed. */
  const [begins, setBegins] = useState<'kept' | 'recommended' | null>(null);
  const openAt = async (first: 'kept' | 'recommended') => {
    setBegins(first);
    try {
      const loaded = await import('./dialog/ModelDialog');
      setDialog(() => loaded.ModelDialog);
    } catch {
      setBegins(null);
      session.showStageError(
        'The list of models could not be loaded. Check your connection, or reload the page.',
      );
    }
  };
  return { Dialog, begins, openAt, close: () => setBegins(null) };
}

/** Looks a name up: at once if it was chosen from the list, after a pause if it is being typed. */
function useLookup(name: string): void {
  const models = useModels();
  const isKnown = useModelState((state) => state.lookups[name] !== undefined);
  useEffect(() => {
    if (isKnown || name === '') return;
    const isOffered = offers.some(({ model_name }) => model_name === name);
    const timer = setTimeout(() => void models.look(name), isOffered ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [models, name, isKnown]);
  useEffect(() => {
    void models.refresh();
    // Another tab may have downloaded or deleted something meanwhile.
    const onReturn = () => {
      if (document.visibilityState === 'visible') void models.refresh();
    };
    document.addEventListener('visibilitychange', onReturn);
    return () => document.removeEventListener('visibilitychange', onReturn);
  }, [models]);
}

function inField({ model_name, title, isKept }: Choice): string {
  if (model_name === STARTER) return 'built in · works offline';
  return isKept ? `${title} · stored` : title;
}

type Choice = Pick<ModelOffer, 'model_name' | 'title'> & { detail: string; isKept: boolean };

/** Typing narrows the list; a chosen name, or one that nothing matches, shows all of it. */
function matching(choices: readonly Choice[], typed: string): readonly Choice[] {
  const words = typed.trim().toLowerCase();
  if (words === '' || choices.some(({ model_name }) => model_name === typed.trim())) return choices;
  const meant = suggestModels(typed);
  const found = choices.filter(
    ({ model_name, title }) =>
      title.toLowerCase().includes(words) ||
      model_name.toLowerCase().includes(words) ||
      meant.some((offer) => offer.model_name === model_name),
  );
  return found.length > 0 ? found : choices;
}

function useChoices(): Choice[] {
  const kept = useModelState((state) => state.kept) ?? [];
  const offered = offers.map(({ model_name, title, goodAt }): Choice => {
    const mine = kept.find(({ name }) => name === model_name);
    const where = mine === undefined ? '' : mine.unfinished ? 'paused · ' : 'stored · ';
    return { model_name, title, detail: `${where}${goodAt}`, isKept: where === 'stored · ' };
  });
  const others = kept
    .filter(({ name }) => !offers.some(({ model_name }) => model_name === name))
    .map(({ name, unfinished, storedBytes }): Choice => {
      const detail = unfinished ? 'paused' : `stored · ${bytesInWords(storedBytes)}`;
      return { model_name: name, title: titleOf(name), detail, isKept: unfinished === undefined };
    });
  return [...offered, ...others];
}

/** Lower than this it would show less than two models. */
const LEAST_LIST_PX = 110;
const USUAL_LIST_PX = 380;

/** From the list's top to the end of what shows of the panel. */
function roomBelow(list: HTMLElement): number {
  const panel = list.closest('.side-fields') ?? document.documentElement;
  const room = panel.getBoundingClientRect().bottom - list.getBoundingClientRect().top - 8;
  return Math.min(USUAL_LIST_PX, Math.max(LEAST_LIST_PX, room));
}

/** The pattern of WAI-ARIA's editable combobox with a list. */
function ModelCombobox({ attributes, modelName }: { attributes: FieldAttributes; modelName: string }) {
  const session = useSession();
  const choices = matching(useChoices(), modelName);
  const listId = useId();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const narrow = useNarrow();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  // Its end, with the fade that says that it goes on, must not lie behind the panel's edge.
  useLayoutEffect(() => {
    if (open && list.current) list.current.style.maxHeight = `${roomBelow(list.current)}px`;
  }, [open]);
  const chosen = choices.find(({ model_name }) => model_name === modelName.trim());

  const choose = (choice: Choice) => {
    session.change({ model_name: choice.model_name });
    setOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((active + step + choices.length) % choices.length);
    } else if (event.key === 'Enter' && open && !event.ctrlKey) {
      event.preventDefault();
      const choice = choices[active];
      if (choice) choose(choice);
      setOpen(false);
    } else if (event.key === 'Escape' && open) {
      // It closes the list; it must not cancel a run as well.
      event.nativeEvent.stopImmediatePropagation();
      setOpen(false);
    }
  };

  return (
    <div className="combobox" data-open={open || undefined}>
      <input
        {...attributes}
        ref={input}
        role="combobox"
        aria-expanded={open}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={open && active >= 0 ? `${listId}-${active}` : undefined}
        value={modelName}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        placeholder="owner/name, or an address"
        onChange={(event) => session.change({ model_name: event.target.value })}
        onKeyDown={onKeyDown}
        onBlur={() => setOpen(false)}
      />
      <span className="combobox-detail">{chosen ? inField(chosen) : 'Hugging Face id or URL'}</span>
      <button
        type="button"
        tabIndex={-1}
        className="combobox-toggle"
        aria-label="Show models"
        // The input keeps the focus.
        onPointerDown={(event) => event.preventDefault()}
        onClick={() => {
          input.current?.focus();
          setActive(-1);
          setOpen(!open);
          // The list is below it: on a phone both fit only from the panel's top on.
          if (!open && narrow) input.current?.parentElement?.scrollIntoView({ block: 'start' });
        }}
      >
        <ChevronDown size={18} strokeWidth={1.8} aria-hidden />
      </button>
      <div
        ref={list}
        className="combobox-list fades"
        role="listbox"
        id={listId}
        aria-label="Models"
        hidden={!open}
      >
        {choices.map((choice, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys act on the input, which holds the focus
          <div
            key={choice.model_name}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={choice === chosen}
            data-active={index === active || undefined}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(choice)}
          >
            <span>
              <b>{choice.title}</b>
              <small>{choice.detail}</small>
            </span>
            {choice === chosen && <Check size={16} aria-hidden />}
          </div>
        ))}
      </div>
    </div>
  );
}
