/** All models in one dialog: recommended, downloaded, your own; their storage; where they come from. */
import { CircleCheck, Download, FileUp, FolderUp, ShieldCheck, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import {
  factsInWords,
  licenceInWords,
  type ModelOffer,
  offers,
  STARTER,
  titleOf,
} from '../../state/models/modelCatalogue';
import type { KeptAssistant, KeptModel } from '../../state/models/modelLibrary';
import { about } from '../../state/models/pace';
import { bytesInWords, freeInWords, partInWords } from '../../state/models/transfer';
import { useEngineStatus, useModelState, useModels, useRun, useSession, useSettings } from '../base/context';
import { Dialog, DialogTitle } from '../controls/Dialog';
import { FitLine, useFit } from './FitLine';
import { HubUrlForm, TokenForm } from './HubForms';
import { FetchStatus, ResumeButton } from './ModelStatus';
import { useModelFiles } from './useModelFiles';
import './modelDialog.css';

export function ModelDialog({ open, onOpenChange }: { open: boolean; onOpenChange(open: boolean): void }) {
  const models = useModels();
  useEffect(() => {
    if (!open) return;
    void models.refresh();
    void models.checkOffers();
  }, [open, models]);
  const close = () => onOpenChange(false);
  return (
    <Dialog open={open} onOpenChange={onOpenChange} kind="models" closeName="Close models">
      <DialogTitle>Models</DialogTitle>
      <KeptModels onChosen={close} />
      <section aria-label="Recommended">
        <h3>Recommended</h3>
        <ul className="model-list">
          {offers.map((offer) => (
            <Offer key={offer.model_name} offer={offer} onChosen={close} />
          ))}
        </ul>
        <p className="hint-line">
          For any other Stable Diffusion 1, 2 or XL model, enter its Hugging Face id or URL in the Model
          field.
        </p>
      </section>
      <OwnFiles onChosen={close} />
      <Room />
      <section aria-label="Where models come from">
        <h3>Hugging Face Hub</h3>
        <TokenForm />
        <HubUrlForm />
      </section>
    </Dialog>
  );
}

function useChoose(onChosen: () => void): (name: string) => void {
  const session = useSession();
  return (name) => {
    session.change({ model_name: name });
    onChosen();
  };
}

function Offer({ offer, onChosen }: { offer: ModelOffer; onChosen(): void }) {
  const models = useModels();
  const choose = useChoose(onChosen);
  const precision = useEngineStatus()?.precision ?? 'fp16';
  const { title, goodAt, bytes, licence, model_name } = offer;
  const isChosen = useSettings((state) => state.model_name.trim() === model_name);
  const fit = useFit(model_name);
  const mine = useModelState((state) => state.kept?.find(({ name }) => name === model_name));
  const fetching = useModelState((state) => state.fetches[model_name]);
  const lookup = useModelState((state) => state.lookups[model_name]);
  // The look-up knows what will be downloaded.
  const found =
    lookup?.state === 'found' && lookup.details.state === 'fetchable' ? lookup.details.totalBytes : undefined;
  const known = found ?? bytes?.[precision];
  const size = known === undefined ? 'size shown when selected' : sizeInWords(known);
  const isHere = mine !== undefined || fetching !== undefined || model_name === STARTER;
  const seconds = known === undefined || isHere ? null : models.pace.downloadSeconds(known);
  return (
    <li>
      <div className="model-about">
        <b>{title}</b>
        <span>{goodAt}</span>
        <small className="tabular">
          {model_name === STARTER
            ? size
            : mine && !mine.unfinished
              ? `On this device · ${licenceInWords(licence ?? 'shown when selected')}`
              : `${size}${seconds === null ? '' : `, ${about(seconds)}`} · ${licenceInWords(licence ?? 'shown when selected')}`}
        </small>
        {model_name === STARTER ? (
          <span className="fit" data-fit="fits">
            <CircleCheck size={14} strokeWidth={1.9} aria-hidden />
            Runs on this device, in seconds
          </span>
        ) : (
          <FitLine name={model_name} />
        )}
      </div>
      {!isHere && fit?.kind !== 'tooLarge' && (
        <button
          type="button"
          className="button"
          aria-label={`Download and use ${title}`}
          onClick={() => {
            choose(model_name);
            void models.download(model_name);
          }}
        >
          <Download size={15} strokeWidth={1.8} aria-hidden />
          Download
        </button>
      )}
      <button
        type="button"
        className="button"
        aria-label={isChosen ? `In use: ${title}` : `Use ${title}`}
        aria-pressed={isChosen}
        onClick={() => choose(offer.model_name)}
      >
        {isChosen ? 'In use' : 'Use'}
      </button>
    </li>
  );
}

function sizeInWords(bytes: number): string {
  return bytes === 0 ? 'built in' : bytesInWords(bytes);
}

function KeptModels({ onChosen }: { onChosen(): void }) {
  const kept = useModelState((state) => state.kept);
  const assistants = useModelState((state) => state.assistants);
  const complaint = useModelState((state) => state.complaint);
  return (
    <section aria-label="On this device">
      <h3>On this device</h3>
      {kept?.length === 0 && assistants.length === 0 && (
        <p className="hint-line">Nothing yet. Models that you download appear here.</p>
      )}
      <ul className="model-list">
        {kept?.map((model) => (
          <Kept key={model.folder} model={model} onChosen={onChosen} />
        ))}
        {assistants.map((assistant) => (
          <Assistant key={assistant.folder} assistant={assistant} />
        ))}
      </ul>
      <div role="alert">{complaint !== null && <p className="field-error">{complaint}</p>}</div>
    </section>
  );
}

function Kept({ model, onChosen }: { model: KeptModel; onChosen(): void }) {
  const choose = useChoose(onChosen);
  const fetching = useModelState((state) => state.fetches[model.name]);
  const isChosen = useSettings((state) => state.model_name.trim() === model.name);
  const { name, unfinished, storedBytes, precision, licence, facts } = model;
  const details = [
    facts === undefined ? '' : factsInWords(facts),
    precision,
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
            : pausedInWords(model.isBusy, unfinished)}
        </small>
        {fetching && <FetchStatus name={name} fetching={fetching} />}
      </div>
      {unfinished && !fetching && !model.isBusy && <ResumeButton name={name} />}
      {!unfinished && (
        <button
          type="button"
          className="button"
          aria-label={isChosen ? `In use: ${titleOf(name)}` : `Use ${titleOf(name)}`}
          aria-pressed={isChosen}
          onClick={() => choose(name)}
        >
          {isChosen ? 'In use' : 'Use'}
        </button>
      )}
      <DeleteKept model={model} />
    </li>
  );
}

function pausedInWords(
  isBusy: boolean,
  { receivedBytes, totalBytes }: NonNullable<KeptModel['unfinished']>,
): string {
  return `${isBusy ? 'downloading in another tab:' : 'paused at'} ${partInWords(receivedBytes, totalBytes)}`;
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

function OwnFiles({ onChosen }: { onChosen(): void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const pick = useModelFiles((found) => {
    setProblem(found);
    if (found === null) onChosen();
  });
  return (
    <section aria-label="Your own files">
      <h3>Your own files</h3>
      <div className="hub-line">
        <button type="button" className="button" onClick={() => pick('file')}>
          <FileUp size={15} strokeWidth={1.8} aria-hidden />
          Open model file
        </button>
        <button type="button" className="button" onClick={() => pick('folder')}>
          <FolderUp size={15} strokeWidth={1.8} aria-hidden />
          Open model folder
        </button>
      </div>
      <p className="hint-line">
        Open a .safetensors or .ckpt file or a diffusers folder, or drop it on the page. It is copied to the
        browser’s storage and isn’t uploaded.
      </p>
      <div role="alert">{problem !== null && <p className="field-error">{problem}</p>}</div>
    </section>
  );
}

function Room() {
  const models = useModels();
  const storage = useModelState((state) => state.storage);
  const [asked, setAsked] = useState(false);
  if (storage === null) return null;
  const { freeBytes, usedBytes, isPersistent } = storage;
  const parts = [usedBytes === undefined ? '' : `${bytesInWords(usedBytes)} used`, freeInWords(freeBytes)];
  return (
    <section aria-label="Storage">
      <h3>Storage</h3>
      <p className="tabular">{parts.filter(Boolean).join(' · ')}</p>
      {isPersistent ? (
        <p className="hint-line good">
          <ShieldCheck size={15} strokeWidth={1.8} aria-hidden /> The browser keeps models until you delete
          them.
        </p>
      ) : (
        <div className="fetch-line">
          <span className="hint-line">
            {asked
              ? 'The browser may delete models when disk space runs low. Installing the app or bookmarking it can prevent that.'
              : 'The browser may delete models when disk space runs low.'}
          </span>
          <button
            type="button"
            className="button"
            onClick={() => void models.persist().then(() => setAsked(true))}
          >
            Keep for good
          </button>
        </div>
      )}
    </section>
  );
}
