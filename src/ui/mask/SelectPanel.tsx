/** More ways to select: by the name of a thing, and which model answers presses. */
import { Search, Square, TextSearch } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { bytesInWords } from '../../state/models/transfer';
import { clickSelectors, MAX_THING_CHARACTERS, NAME_SELECTOR } from '../../state/selecting/selectors';
import { useApp, useEditor, useModelState, useModels } from '../base/context';
import { FetchStatus } from '../models/ModelStatus';
import { BarPanel } from './BarPanel';
import './selectPanel.css';

export function SelectPanel() {
  return (
    <BarPanel name="Select by name" label="By name" icon={TextSearch}>
      <NameForm />
      <SelectorChoice />
    </BarPanel>
  );
}

function NameForm() {
  const { selectors } = useApp();
  const looking = useStore(selectors.store, (state) => state.looking);
  const hasPicture = useEditor((state) => state.picture !== null);
  const fetching = useModelState((state) => state.fetches[NAME_SELECTOR]);
  const [name, setName] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void selectors.find(name);
  };
  return (
    <>
      <h2 id="select-by-name">Select by name</h2>
      <form className="name-form" onSubmit={submit}>
        <input
          type="text"
          aria-label="Name of the thing"
          placeholder="the dog, sky, red car"
          value={name}
          maxLength={MAX_THING_CHARACTERS}
          autoComplete="off"
          enterKeyHint="search"
          onChange={(event) => setName(event.target.value)}
        />
        {looking === null ? (
          <button type="submit" className="button primary" disabled={!hasPicture || name.trim() === ''}>
            <Search size={15} strokeWidth={1.8} aria-hidden />
            Select
          </button>
        ) : (
          <button type="button" className="button" onClick={selectors.stop}>
            <Square size={15} strokeWidth={1.8} aria-hidden />
            Stop
          </button>
        )}
      </form>
      {fetching && <FetchStatus name={NAME_SELECTOR} fetching={fetching} />}
    </>
  );
}

function SelectorChoice() {
  const { selectors } = useApp();
  const models = useModels();
  const { chosen, wanted } = useStore(selectors.store);
  const kept = useModelState((state) => state.assistants);
  const fetching = useModelState((state) => (wanted === null ? undefined : state.fetches[wanted]));
  useEffect(() => void models.refresh(), [models]);
  const isHere = (id: string) => kept.some(({ name, unfinished }) => name === id && !unfinished);
  return (
    <fieldset className="selector-choice">
      <legend>Model for presses</legend>
      <SelectorRow id={null} title="Built in" about="Comes with the page" current={wanted ?? chosen} />
      {clickSelectors.map(({ id, title, goodAt, bytes, licence }) => (
        <SelectorRow
          key={id}
          id={id}
          title={title}
          about={`${goodAt} · ${isHere(id) ? 'on this device' : bytesInWords(bytes)} · ${licence}`}
          current={wanted ?? chosen}
        />
      ))}
      {wanted !== null && fetching && <FetchStatus name={wanted} fetching={fetching} />}
    </fieldset>
  );
}

function SelectorRow({
  id,
  title,
  about,
  current,
}: {
  id: string | null;
  title: string;
  about: string;
  current: string | null;
}) {
  const { selectors } = useApp();
  return (
    <label className="selector-row">
      <input
        type="radio"
        name="selector"
        aria-label={title}
        aria-describedby={`selector-${id ?? 'own'}`}
        checked={current === id}
        onChange={() => void selectors.choose(id)}
      />
      <span>
        <b>{title}</b>
        <small id={`selector-${id ?? 'own'}`} className="tabular">
          {about}
        </small>
      </span>
    </label>
  );
}
