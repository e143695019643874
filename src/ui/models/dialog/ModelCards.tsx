/** The models to download, as cards: what each is good at, what it costs, and whether it runs on this device. */
import {
  Camera,
  Download,
  ExternalLink,
  Layers,
  type LucideIcon,
  Maximize,
  Palette,
  Smile,
  Timer,
  WandSparkles,
  Zap,
} from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import { fitInWords } from '../../../state/models/fit';
import {
  HUB_PAGE,
  licenceInWords,
  type ModelOffer,
  offers,
  STARTER,
  type Strength,
  type Task,
  taskOf,
} from '../../../state/models/modelCatalogue';
import { areChecked, orderByFit, searchOffers, suggestedOffer } from '../../../state/models/modelSearch';
import { about } from '../../../state/models/pace';
import { bytesInWords } from '../../../state/models/transfer';
import { useEngineStatus, useModelState, useModels, useRun, useSettings } from '../../base/context';
import { useHostedOn } from '../../hosted/useHosted';
import { FitLine, useFit } from '../FitLine';
import { FetchStatus } from '../ModelStatus';
import { useChoose } from './useChoose';
import './modelCards.css';

const signs: Record<Strength, LucideIcon> = {
  try: Smile,
  photo: Camera,
  detail: Maximize,
  styles: Palette,
  speed: Zap,
  general: Layers,
  remove: WandSparkles,
};

/** By what a model does with the mask. */
const headings: Record<Task, string> = {
  inpaint: 'Generate what you describe',
  remove: 'Remove what you mask',
};

export function ModelCards({
  typed,
  onChosen,
  children,
}: {
  typed: string;
  onChosen(): void;
  children: ReactNode;
}) {
  // What is built in or stored whole is listed above.
  const kept = useModelState((state) => state.kept);
  const listed = offers.filter(
    ({ model_name }) =>
      model_name !== STARTER &&
      !kept?.some(({ name, unfinished }) => name === model_name && unfinished === undefined),
  );
  const { ordered, suggested, freeze } = useOrder(listed);
  const { offers: found, note } = searchOffers(typed, ordered);
  const groups = (['inpaint', 'remove'] as const).flatMap((task) => {
    const ofTask = found.filter(({ model_name }) => taskOf(model_name) === task);
    return ofTask.length > 0 ? [{ task, ofTask }] : [];
  });
  return (
    <section aria-label="Recommended" onPointerEnter={freeze} onFocus={freeze}>
      <h3>Recommended</h3>
      {note !== null && <p className="models-note">{note}</p>}
      {groups.map(({ task, ofTask }) => (
        <div key={task}>
          {groups.length > 1 && <h4 className="cards-task">{headings[task]}</h4>}
          <ul className="cards">
            {ofTask.map((offer) => (
              <Card
                key={offer.model_name}
                offer={offer}
                isSuggested={offer.model_name === suggested}
                onChosen={onChosen}
              />
            ))}
          </ul>
        </div>
      ))}
      <PaceLine />
      {children}
    </section>
  );
}

/** Cards keep their places while one is pointed at or focused: a late answer must not move another under the pointer. */
function useOrder(listed: readonly ModelOffer[]) {
  const models = useModels();
  const provider = useEngineStatus()?.provider;
  const fits = useModelState((state) => state.fits);
  const lookups = useModelState((state) => state.lookups);
  // A new measurement gives new times.
  useModelState(({ measuring }) => measuring.count);
  const frozen = useRef<readonly string[] | null>(null);
  const fitOf = (name: string) =>
    provider === undefined ? null : fitInWords(name, { fits, lookups }, provider, models.pace);
  const byFit = orderByFit(listed, fitOf);
  const placeOf = ({ model_name }: ModelOffer) => frozen.current?.indexOf(model_name) ?? 0;
  return {
    ordered: frozen.current === null ? byFit : [...listed].sort((a, b) => placeOf(a) - placeOf(b)),
    suggested: suggestedOffer(byFit, fitOf)?.model_name,
    freeze() {
      if (areChecked(listed, fitOf)) frozen.current ??= byFit.map(({ model_name }) => model_name);
    },
  };
}

function Card({
  offer,
  isSuggested,
  onChosen,
}: {
  offer: ModelOffer;
  isSuggested: boolean;
  onChosen(): void;
}) {
  const { title, goodAt, model_name, strength } = offer;
  const fetching = useModelState((state) => state.fetches[model_name]);
  const fit = useFit(model_name);
  const Sign = signs[strength];
  return (
    <li className="card" data-fit={fit?.kind}>
      <span className="card-sign" data-strength={strength} aria-hidden>
        <Sign size={20} strokeWidth={1.7} />
      </span>
      <div className="card-about">
        <p className="card-title">
          <b>{title}</b>
          {isSuggested && <span className="card-badge">Suggested</span>}
        </p>
        <p>{goodAt}</p>
        <Costs offer={offer} />
        <FitLine name={model_name} />
      </div>
      {fetching ? (
        <FetchStatus name={model_name} fetching={fetching} />
      ) : (
        <CardActions offer={offer} isSuggested={isSuggested} onChosen={onChosen} />
      )}
    </li>
  );
}

/** Size, time and licence; the look-up, once there was one, knows better what will be downloaded. */
function Costs({ offer: { model_name, bytes, licence } }: { offer: ModelOffer }) {
  const models = useModels();
  const precision = useEngineStatus()?.precision ?? 'fp16';
  const lookup = useModelState((state) => state.lookups[model_name]);
  const begun = useModelState((state) => state.kept?.find(({ name }) => name === model_name)?.unfinished);
  const details = lookup?.state === 'found' ? lookup.details : undefined;
  const whole = details?.totalBytes ?? bytes?.[precision];
  const left = whole === undefined ? undefined : whole - (begun?.receivedBytes ?? 0);
  const seconds = left === undefined ? null : models.pace.downloadSeconds(left);
  const parts = [
    left === undefined ? 'size shown when selected' : `${bytesInWords(left)}${begun ? ' left' : ''}`,
    seconds === null ? '' : `${about(seconds)} to download`,
    licenceInWords(details?.licence ?? licence ?? 'on its page'),
  ];
  return <small className="tabular">{parts.filter(Boolean).join(' · ')}</small>;
}

function CardActions({
  offer: { title, model_name },
  isSuggested,
  onChosen,
}: {
  offer: ModelOffer;
  isSuggested: boolean;
  onChosen(): void;
}) {
  const models = useModels();
  const choose = useChoose(onChosen);
  const hosted = useHostedOn();
  const fit = useFit(model_name);
  const isBegun = useModelState((state) => state.kept?.some(({ name }) => name === model_name) ?? false);
  const isChosen = useSettings((state) => state.model_name.trim() === model_name);
  // Elsewhere it may run all the same: what can't run here is never downloaded.
  const isOnlyUsed = hosted || fit?.kind === 'tooLarge';
  return (
    <div className="card-actions">
      {isOnlyUsed ? (
        <button
          type="button"
          className="button"
          aria-label={isChosen ? `In use: ${title}` : `Use ${title}`}
          aria-pressed={isChosen}
          onClick={() => choose(model_name)}
        >
          {isChosen ? 'In use' : 'Use'}
        </button>
      ) : (
        <button
          type="button"
          className={isSuggested ? 'button primary' : 'button'}
          aria-label={`${isBegun ? 'Resume downloading' : 'Download'} and use ${title}`}
          onClick={() => {
            choose(model_name);
            void models.download(model_name);
          }}
        >
          <Download size={15} strokeWidth={1.8} aria-hidden />
          {isBegun ? 'Resume' : 'Download'}
        </button>
      )}
      <a
        className="link small"
        href={`${HUB_PAGE}${model_name}`}
        target="_blank"
        rel="noreferrer"
        aria-label={`Its page on Hugging Face: ${title}, examples and terms`}
      >
        Its page <ExternalLink size={13} aria-hidden />
      </a>
    </div>
  );
}

/** Where the times come from, and a way to measure anew. */
function PaceLine() {
  const models = useModels();
  const { isUnderWay } = useModelState((state) => state.measuring);
  const running = useRun((state) => state.running);
  const basis = models.pace.basis();
  const text = isUnderWay
    ? 'Measuring how fast this device is…'
    : basis === 'run'
      ? 'Times per image are estimated from your last run.'
      : basis === 'measurement'
        ? 'Times per image are estimated from a short measurement of this device.'
        : 'This device hasn’t been measured yet, so no times are shown.';
  return (
    <div className="pace-line">
      <p role="status">
        <Timer size={14} strokeWidth={1.8} aria-hidden /> {text}
      </p>
      {basis !== 'run' && (
        <button
          type="button"
          className="link small"
          disabled={isUnderWay || running}
          onClick={() => void models.measureDevice()}
        >
          Measure this device
        </button>
      )}
    </div>
  );
}
