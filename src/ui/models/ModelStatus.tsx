/** What is known about the chosen model, whether it is on this device, and what can be done about it. */
import { Download, HardDriveDownload, Images, Pause, Play, RotateCw } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import {
  factsInWords,
  licenceInWords,
  MODELS_URL,
  offerOf,
  STARTER,
  suggestModels,
  titleOf,
} from '../../state/models/modelCatalogue';
import { type Failure, type Fetching, unfinishedOf } from '../../state/models/modelLibrary';
import { about } from '../../state/models/pace';
import { bytesInWords, partInWords, speedInWords } from '../../state/models/transfer';
import { duration } from '../../state/run/progress';
import { useModelState, useModels, useRun, useSession } from '../base/context';
import { useHostedOn, useHostedQuestion } from '../hosted/useHosted';
import { FitLine, useFit } from './FitLine';
import { TokenForm } from './HubForms';
import './modelStatus.css';

export function ModelStatus({
  name,
  onManage,
  onBrowse,
}: {
  name: string;
  onManage(): void;
  /** Shows the models to download first. */
  onBrowse(): void;
}) {
  const fetching = useModelState((state) => state.fetches[name]);
  const begun = useModelState((state) => unfinishedOf(state, name));
  if (name === STARTER) return <StarterNote onBrowse={onBrowse} />;
  if (fetching) return <FetchStatus name={name} fetching={fetching} />;
  return (
    <>
      <Looked name={name} isBegun={begun !== undefined} />
      <OpenedTogether name={name} />
      {begun?.unfinished && (
        <Unfinished name={name} {...begun.unfinished} isBusy={begun.isBusy} onManage={onManage} />
      )}
    </>
  );
}

/** A download of an earlier visit or of another tab. One that can't run here isn't offered to go on. */
function Unfinished({
  name,
  receivedBytes,
  totalBytes,
  isBusy,
  onManage,
}: {
  name: string;
  receivedBytes: number;
  totalBytes: number;
  isBusy: boolean;
  onManage(): void;
}) {
  const isUseless = useFit(name)?.kind === 'tooLarge';
  return (
    <div className="fetch">
      <Meter part={receivedBytes} whole={totalBytes} />
      <div className="fetch-line">
        <span className="tabular">
          {isBusy ? 'Downloading in another tab: ' : isUseless ? '' : 'Paused at '}
          {partInWords(receivedBytes, totalBytes)}
          {!isBusy && isUseless && ' stored'}
        </span>
        {!isBusy && !isUseless && <ResumeButton name={name} />}
        {!isBusy && isUseless && (
          <button type="button" className="button" onClick={onManage}>
            Delete it
          </button>
        )}
      </div>
    </div>
  );
}

function StarterNote({ onBrowse }: { onBrowse(): void }) {
  return (
    <div className="model-note">
      <p>
        <b>Starter model</b>: draws about 200 everyday objects in an emoji style; with an empty prompt it
        fills the masked area.
      </p>
      <button type="button" className="button get-model" onClick={onBrowse}>
        <Images size={15} strokeWidth={1.8} aria-hidden />
        Get a photo-real model
      </button>
      <p>
        About 2 GB, once. Or enter the id of one from{' '}
        <a href={MODELS_URL} target="_blank" rel="noreferrer">
          Hugging Face
        </a>
        .
      </p>
    </div>
  );
}

function Looked({ name, isBegun }: { name: string; isBegun: boolean }) {
  const models = useModels();
  const lookup = useModelState((state) => state.lookups[name]);
  const fit = useFit(name);
  if (name === '') {
    return <p className="model-note">Enter a Hugging Face id, or the URL of a repository, folder or file.</p>;
  }
  if (lookup === undefined || lookup.state === 'looking') {
    return (
      <p className="model-note" aria-busy>
        Looking up the model…
      </p>
    );
  }
  if (lookup.state === 'failed') {
    return (
      <Trouble failure={lookup}>
        <Suggestions name={name} />
        {lookup.canTryAgain && (
          <button type="button" className="button" onClick={() => void models.look(name)}>
            <RotateCw size={15} strokeWidth={1.8} aria-hidden />
            Try again
          </button>
        )}
      </Trouble>
    );
  }
  const { details } = lookup;
  const { state, totalBytes, precision, licence, notes } = details;
  const isOwn = name.startsWith('disk:');
  const isKept = state === 'kept';
  const size = isKept
    ? `${bytesInWords(totalBytes)} stored, ${precision === 'fp16' ? 'half' : 'full'} precision`
    : `${bytesInWords(totalBytes)} to ${isOwn ? 'copy' : 'download'}`;
  const shownLicence = licence ?? offerOf(name)?.licence;
  const seconds = state === 'fetchable' && !isOwn ? models.pace.downloadSeconds(totalBytes) : null;
  const [moved] = notes.filter((note) => note.includes('was removed'));
  return (
    <div className="model-note">
      <p>
        <b>{factsInWords(details)}</b> · <span className="tabular">{size}</span>
        {shownLicence && <> · {licenceInWords(shownLicence)}</>}
      </p>
      {moved && <p>{moved}.</p>}
      {!details.isInpainting && (
        <p>Not made for inpainting: it doesn’t see the image around the mask, so edges may show.</p>
      )}
      {state === 'fetchable' && (
        <p>
          <FitLine name={name} />
        </p>
      )}
      {state === 'served' && <p>Loaded from its URL on every visit; not stored.</p>}
      {state === 'kept' && <p className="good">Stored on this device; works offline.</p>}
      {state === 'fetchable' && !isBegun && (
        <div className="fetch-line">
          <span>
            {isOwn ? 'Copied to the browser’s storage once.' : 'Downloaded once, then works offline.'}
            {seconds !== null && ` Takes ${about(seconds)}.`}
          </span>
          <button
            type="button"
            className="button"
            disabled={fit?.kind === 'tooLarge'}
            aria-label={isOwn ? 'Add model' : 'Download model'}
            onClick={() => void models.download(name)}
          >
            {isOwn ? <HardDriveDownload size={15} aria-hidden /> : <Download size={15} aria-hidden />}
            {isOwn ? 'Add' : 'Download'}
          </button>
        </div>
      )}
    </div>
  );
}

/** Models that a short name may have meant. */
function Suggestions({ name }: { name: string }) {
  const session = useSession();
  const found = suggestModels(name);
  if (found.length === 0) return null;
  return (
    <p>
      Did you mean{' '}
      {found.map(({ model_name, title }, i) => (
        <span key={model_name}>
          {i > 0 && ' or '}
          <button type="button" className="link" onClick={() => session.change({ model_name })}>
            {title}
          </button>
        </span>
      ))}
      ?
    </p>
  );
}

/** A folder contained several models: which one this is, and the others. */
function OpenedTogether({ name }: { name: string }) {
  const session = useSession();
  const together = useModelState((state) => state.openedTogether);
  if (!together.includes(name)) return null;
  return (
    <div className="model-note">
      <p>
        The folder contains {together.length} models; this is <b>{titleOf(name)}</b>. Switch to:
      </p>
      <ul className="model-siblings fades">
        {together
          .filter((other) => other !== name)
          .map((other) => (
            <li key={other}>
              <button
                type="button"
                className="link"
                aria-label={`Use ${titleOf(other)}`}
                onClick={() => session.change({ model_name: other })}
              >
                {titleOf(other)}
              </button>
            </li>
          ))}
      </ul>
    </div>
  );
}

/** A message whose URLs can be followed, such as that of the page where a model's terms are accepted. */
function WithLinks({ text }: { text: string }) {
  // Neither a comma nor a full stop at its end belongs to a URL.
  return text.split(/(https:\/\/[^\s,;]*[^\s,;.])/).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <a key={part} href={part} target="_blank" rel="noreferrer">
        {part.replace('https://', '')}
      </a>
    ),
  );
}

/** Not repeated if the run's alert, its question or the field itself says it already. */
function Trouble({ failure, children }: { failure: Failure; children?: ReactNode }) {
  const [hasOpened, setHasOpened] = useState(false);
  const { message, wantsToken } = failure;
  const isAlert = useRun(
    ({ runError, fieldErrors }) => runError?.message === message || fieldErrors.model_name === message,
  );
  const isSaid = useHostedQuestion() === message || isAlert;
  if (isSaid && wantsToken === 'no' && !children) return null;
  return (
    <div className="model-trouble">
      {!isSaid && (
        <p role="alert">
          <WithLinks text={message} />
        </p>
      )}
      {(wantsToken === 'yes' || (wantsToken === 'maybe' && hasOpened)) && <TokenForm />}
      {wantsToken === 'maybe' && !hasOpened && (
        <button type="button" className="link" onClick={() => setHasOpened(true)}>
          Enter a token
        </button>
      )}
      {children}
    </div>
  );
}

/** The current download: how far, how fast, how long it will take, and a button to pause or resume it. */
export function FetchStatus({ name, fetching }: { name: string; fetching: Fetching }) {
  const models = useModels();
  const hosted = useHostedOn();
  const transfer = 'transfer' in fetching ? fetching.transfer : null;
  const pause = (
    <button type="button" className="button" aria-label="Pause download" onClick={() => models.pause(name)}>
      <Pause size={15} strokeWidth={1.8} aria-hidden />
      Pause
    </button>
  );
  return (
    <div className="fetch">
      <Meter part={transfer?.loadedBytes ?? 0} whole={transfer?.totalBytes ?? 0} />
      <div className="fetch-line">
        <span className="tabular">{inWords(fetching)}</span>
        {fetching.state === 'running' || fetching.state === 'waiting' ? pause : <ResumeButton name={name} />}
      </div>
      {fetching.state === 'running' && (
        <p className="tabular fetch-speed">{paceInWords(fetching.transfer)}</p>
      )}
      {/* Runs that go elsewhere need no download. */}
      {fetching.state === 'failed' && !hosted && <Trouble failure={fetching} />}
    </div>
  );
}

function inWords(fetching: Fetching): string {
  if (fetching.state === 'waiting')
    return fetching.forOtherTab ? 'Downloading in another tab' : 'Contacting the server';
  const { transfer } = fetching;
  const part = transfer === null ? '' : partInWords(transfer.loadedBytes, transfer.totalBytes);
  switch (fetching.state) {
    case 'running':
      return part;
    case 'paused':
      return part === '' ? 'Paused' : `Paused at ${part}`;
    case 'failed':
      return part === '' ? 'The download didn’t start' : `Stopped at ${part}`;
    default:
      throw new TypeError(`unknown state ${fetching satisfies never}`);
  }
}

function paceInWords({
  bytesPerSecond,
  secondsLeft,
}: {
  bytesPerSecond: number | null;
  secondsLeft: number | null;
}) {
  if (bytesPerSecond === null) return 'measuring speed';
  const left = secondsLeft === null ? 'stalled' : `${duration(secondsLeft)} left`;
  return `${speedInWords(bytesPerSecond)} · ${left}`;
}

export function ResumeButton({ name }: { name: string }) {
  const models = useModels();
  return (
    <button
      type="button"
      className="button"
      aria-label="Resume download"
      onClick={() => void models.download(name)}
    >
      <Play size={15} strokeWidth={1.8} aria-hidden />
      Resume
    </button>
  );
}

function Meter({ part, whole }: { part: number; whole: number }) {
  const fraction = whole > 0 ? Math.min(1, part / whole) : 0;
  return (
    <div
      className="bar"
      role="progressbar"
      aria-label="Model download"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(fraction * 100)}
    >
      <i className="bar-fill" style={{ transform: `scaleX(${fraction})` }} />
    </div>
  );
}
