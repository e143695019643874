/** What is on this device: built in, stored whole or in part; used, resumed and deleted here. */
import { CircleCheck, Trash2 } from 'lucide-react';
import { useState } from 'react';
import {
  factsInWords,
  licenceInWords,
  type ModelOffer,
  offerOf,
  offers,
  STARTER,
  titleOf,
} from '../../../state/models/modelCatalogue';
import type { KeptAssistant, KeptModel } from '../../../state/models/modelLibrary';
import { matchesSearch } from '../../../state/models/modelSearch';
import { bytesInWords, partInWords } from '../../../state/models/transfer';
import { useModelState, useModels, useRun, useSettings } from '../../base/context';
import { FitLine, useFit } from '../FitLine';
import { FetchStatus, ResumeButton } from '../ModelStatus';
import { useChoose } from './useChoose';

/** What the button Remove uses unless a model for it is chosen: nothing has to be chosen for it. */
const FILL_TITLE = 'Content-aware fill';
const FILL_DOES = 'Removes what you mask and continues the image there: the button Remove uses it';

export function KeptModels({ typed, onChosen }: { typed: string; onChosen(): void }) {
  const kept = useModelState((state) => state.kept);
  const assistants = useModelState((state) => state.assistants);
  const complaint = useModelState((state) => state.complaint);
  const builtIn = offers.filter(
    ({ title, model_name, nicknames, goodAt }) =>
      model_name === STARTER && matchesSearch(typed, [title, model_name, nicknames, goodAt]),
  );
  const found = kept?.filter(({ name }) =>
    matchesSearch(typed, [name, titleOf(name), offerOf(name)?.nicknames]),
  );
  const foundAssistants = assistants.filter(({ name, title, does }) =>
    matchesSearch(typed, [name, title, does]),
  );
  const isFillFound = matchesSearch(typed, [FILL_TITLE, FILL_DOES]);
  const count = Number(isFillFound) + builtIn.length + (found?.length ?? 0) + foundAssistants.length;
  if (typed.trim() !== '' && count === 0 && complaint === null) return null;
  return (
    <section aria-label="On this device">
      <h3>On this device</h3>
      <ul className="model-list">
        {isFillFound && (
          <li>
            <div className="model-about">
              <b>{FILL_TITLE}</b>
              <span>{FILL_DOES}</span>
              <BuiltInLine />
            </div>
          </li>
        )}
        {builtIn.map((offer) => (
          <BuiltIn key={offer.model_name} offer={offer} onChosen={onChosen} />
        ))}
        {found?.map((model) => (
          <Kept key={model.folder} model={model} onChosen={onChosen} />
        ))}
        {foundAssistants.map((assistant) => (
          <Assistant key={assistant.folder} assistant={assistant} />
        ))}
      </ul>
      {kept?.length === 0 && typed.trim() === '' && (
        <p className="hint-line">Models that you download appear here.</p>
      )}
      <div role="alert">{complaint !== null && <p className="field-error">{complaint}</p>}</div>
    </section>
  );
}

function UseButton({ name, title, onChosen }: { name: string; title: string; onChosen(): void }) {
  const choose = useChoose(onChosen);
  const isChosen = useSettings((state) => state.model_name.trim() === name);
  return (
    <button
      type="button"
      className="button"
      aria-label={isChosen ? `In use: ${title}` : `Use ${title}`}
      aria-pressed={isChosen}
      onClick={() => choose(name)}
    >
      {isChosen ? 'In use' : 'Use'}
    </button>
  );
}

function BuiltInLine() {
  return (
    <span className="fit" data-fit="fits">
      <CircleCheck size={14} strokeWidth={1.9} aria-hidden />
      Built in, takes seconds
    </span>
  );
}

function BuiltIn({
  offer: { title, goodAt, model_name },
  onChosen,
}: {
  offer: ModelOffer;
  onChosen(): void;
}) {
  return (
    <li>
      <div className="model-about">
        <b>{title}</b>
        <span>{goodAt}</span>
        <BuiltInLine />
      </div>
      <UseButton name={model_name} title={title} onChosen={onChosen} />
    </li>
  );
}

function Kept({ model, onChosen }: { model: KeptModel; onChosen(): void }) {
  const { name, unfinished, storedBytes, precision, licence, facts } = model;
  const fetching = useModelState((state) => state.fetches[name]);
  const isUseless = useFit(name)?.kind === 'tooLarge';
  const details = [
    facts === undefined ? '' : factsInWords(facts),
    precision === 'fp16' ? 'half precision' : 'full precision',
    unfinished === undefined ? bytesInWords(storedBytes) : '',
    licence === undefined ? '' : licenceInWords(licence),
  ];
  return (
    <li>
      <div className="model-about">
        <b>{titleOf(name)}</b>
        <small className="tabular">
          {unfinished === undefined || fetching
            ? details.filter(Boolean).join(' · ')
            : pausedInWords(model.isBusy, unfinished, isUseless)}
        </small>
        <FitLine name={name} />
        {fetching && <FetchStatus name={name} fetching={fetching} />}
      </div>
      {unfinished && !fetching && !model.isBusy && !isUseless && <ResumeButton name={name} />}
      {!unfinished && <UseButton name={name} title={titleOf(name)} onChosen={onChosen} />}
      <DeleteKept model={model} />
    </li>
  );
}

/** Of a download that is not complete. One that can't run here isn't offered to go on, only to be deleted. */
function pausedInWords(
  isBusy: boolean,
  { receivedBytes, totalBytes }: NonNullable<KeptModel['unfinished']>,
  isUseless = false,
): string {
  const part = partInWords(receivedBytes, totalBytes);
  if (isBusy) return `downloading in another tab: ${part}`;
  return isUseless ? `${part} stored` : `paused at ${part}`;
}

function Assistant({ assistant }: { assistant: KeptAssistant }) {
  const { name, title, does, storedBytes, unfinished, licence, isBusy } = assistant;
  const fetching = useModelState((state) => state.fetches[name]);
  const isUnderWay = fetching?.state === 'running' || fetching?.state === 'waiting';
  const details =
    unfinished === undefined || fetching
      ? [bytesInWords(storedBytes), licence === undefined ? '' : licenceInWords(licence)]
      : [pausedInWords(isBusy, unfinished)];
  return (
    <li>
      <div className="model-about">
        <b>{title}</b>
        <span>{does}</span>
        <small className="tabular">{details.filter(Boolean).join(' · ')}</small>
        {fetching && <FetchStatus name={name} fetching={fetching} />}
      </div>
      {unfinished && !fetching && !isBusy && <ResumeButton name={name} />}
      <DeleteButton title={title} stored={assistant} isInUse={isBusy || isUnderWay} />
    </li>
  );
}

function DeleteKept({ model }: { model: KeptModel }) {
  const painting = useRun((state) => state.running);
  const isChosen = useSettings((state) => state.model_name.trim() === model.name);
  const fetching = useModelState((state) => state.fetches[model.name]?.state);
  const isInUse = (painting && isChosen) || model.isBusy || fetching === 'running' || fetching === 'waiting';
  return <DeleteButton title={titleOf(model.name)} stored={model} isInUse={isInUse} />;
}

function DeleteButton({
  title,
  stored,
  isInUse,
}: {
  title: string;
  stored: Pick<KeptModel, 'folder' | 'name' | 'storedBytes'>;
  isInUse: boolean;
}) {
  const models = useModels();
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button
        type="button"
        className="icon-button"
        aria-label={`Delete ${title}`}
        title={isInUse ? 'In use' : undefined}
        disabled={isInUse}
        onClick={() => setAsking(true)}
      >
        <Trash2 size={17} strokeWidth={1.8} aria-hidden />
      </button>
    );
  }
  return (
    <fieldset className="model-confirm" aria-label={`Delete ${title}?`}>
      <button
        type="button"
        className="button danger"
        disabled={isInUse}
        onClick={() => {
          setAsking(false);
          void models.remove(stored);
        }}
      >
        Delete {bytesInWords(stored.storedBytes)}
      </button>
      <button type="button" className="button" onClick={() => setAsking(false)}>
        Keep
      </button>
    </fieldset>
  );
}
